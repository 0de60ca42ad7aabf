"""The closed sets that notes are written in, each term with its meaning."""

from typing import Final, Literal, get_args

Language = Literal["en", "zh"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)

STAGES: Final[dict[str, str]] = {
    "foundations": "what a language model is made of",
    "pretraining": "data, tokenizers, frameworks and compute for training from scratch",
    "fine-tuning": "adapting a pretrained model",
    "inference": "running and serving a trained model",
    "application": "building on a model: agents, retrieval, chat",
    "evaluation": "measuring capability, safety, bias and hallucination",
    "observation": "watching training runs and running systems",
}

STAGE_TITLES: Final[dict[str, dict[Language, str]]] = {
    "foundations": {"en": "Foundations", "zh": "基础"},
    "pretraining": {"en": "Pretraining", "zh": "预训练"},
    "fine-tuning": {"en": "Fine-tuning", "zh": "微调"},
    "inference": {"en": "Inference", "zh": "推理"},
    "application": {"en": "Applications", "zh": "应用"},
    "evaluation": {"en": "Evaluation", "zh": "评估"},
    "observation": {"en": "Observation", "zh": "观测"},
}

KINDS: Final[dict[str, str]] = {
    "tool": "software that a person installs or calls",
    "platform": "a hosted service",
    "technique": "a way of doing something",
    "concept": "an idea the other notes rest on",
    "model": "a family of trained models",
    "dataset": "a collection of data",
    "benchmark": "a task set with a scoring rule",
    "metric": "a number that is measured",
    "pitfall": "a failure, its log, its cause and its fix",
    "project": "a worked project that joins several tools",
}

RELATIONS: Final[dict[str, str]] = {
    "is_a": "the note is a kind of the target",
    "part_of": "the note is a component or step of the target",
    "implements": "the note is software that carries out the target technique",
    "uses": "the note works by means of the target",
    "extends": "the note is a further development of the target",
    "alternative_to": "either can be chosen for the same task (symmetric)",
    "works_with": "the two are commonly combined (symmetric)",
    "contrasts_with": "the two are best understood side by side (symmetric)",
    "reads": "the note takes the target format or data as input",
    "produces": "the note's result is the target",
    "serves": "the note runs the target model or format for requests",
    "trains": "the note trains the target",
    "measures": "the note measures the target",
    "mitigates": "the note reduces the target problem",
    "causes": "the note brings the target problem about",
    "limits": "the note bounds the performance of the target",
    "occurs_in": "the note is a failure that shows up with the target software",
    "mitigated_by": "the note is a problem that the target reduces",
}
SYMMETRIC: Final[frozenset[str]] = frozenset({"alternative_to", "works_with", "contrasts_with"})

ROOTS: Final[frozenset[str]] = frozenset({"neural-network"})  # where every path through the built-in notes begins

TASKS: Final[dict[str, str]] = {
    "extract-documents": "turn PDF or web pages into clean text",
    "load-datasets": "load, filter and stream training data",
    "tokenize-text": "split text into tokens or count them",
    "train-tokenizer": "learn a vocabulary from a corpus",
    "build-models": "write and train neural networks",
    "pretrain-models": "train a language model from scratch",
    "fine-tune-models": "train a pretrained model further",
    "fine-tune-efficiently": "fine-tune few parameters on little memory",
    "align-preferences": "train on human or model preferences",
    "scale-training": "spread training over GPUs or machines",
    "save-training-memory": "fit a larger model into the same GPUs",
    "get-free-compute": "use a GPU or TPU without owning one",
    "run-notebooks": "run Jupyter notebooks in a hosted place",
    "generate-images": "generate images, video or audio by diffusion",
    "serve-models": "answer many requests at high throughput",
    "run-models-locally": "run a model on one's own computer",
    "generate-structured-output": "force output into a schema or grammar",
    "quantize-models": "store weights in fewer bits",
    "analyse-performance": "find what bounds speed",
    "build-rag": "answer from one's own documents",
    "build-agents": "build agents that plan and call tools",
    "orchestrate-agents": "let several agents work together",
    "automate-phones": "operate a phone's interface by language",
    "optimize-agents": "train agents by reinforcement or fine-tuning",
    "embed-text": "turn text into vectors",
    "store-vectors": "store and search vectors",
    "connect-tools": "give models a common access to tools and data",
    "evaluate-models": "score models on benchmarks",
    "track-experiments": "record and compare training runs",
    "trace-applications": "record what each step of an application did",
    "monitor-cost": "watch tokens, money and latency",
}

RUNS_ON: Final[dict[str, str]] = {
    "nvidia-gpu": "CUDA",
    "amd-gpu": "ROCm or Vulkan",
    "intel-gpu": "oneAPI or Vulkan",
    "apple-gpu": "Metal",
    "tpu": "Google TPU",
    "npu": "other accelerators",
    "cpu": "no accelerator needed",
}

PLATFORMS: Final[dict[str, str]] = {
    "linux": "Linux",
    "macos": "macOS",
    "windows": "Windows",
    "browser": "a hosted page",
    "android": "Android",
}
