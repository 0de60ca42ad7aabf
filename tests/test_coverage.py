"""Everything that the project's two founding documents name is taught, each by a note of its own or as said here."""

import pytest

from knowledge import reader
from knowledge.index import BUILT_IN
from knowledge.library import Library, build
from knowledge.reader import Folder

# What is named -> the note that teaches it.
TAUGHT = {
    "foundations": """
        Transformer: transformer; multi-head attention: multi-head-attention; feed-forward network: feed-forward-network
        residual connection: residual-connection; normalization: normalization; 归一化: normalization
        decoder-only: decoder-only; encoder-only: encoder-only; encoder-decoder: encoder-decoder
        GPT: gpt; BERT: bert; T5: t5; BART: bart; tokenization: tokenization; 分词: tokenization
        BPE: byte-pair-encoding; Unigram: unigram-tokenization; positional encoding: positional-encoding; RoPE: rope
        MHA: multi-head-attention; MQA: multi-query-attention; GQA: grouped-query-attention
        MLA: multi-head-latent-attention; MoE: mixture-of-experts; scaling laws: scaling-laws
    """,
    "pretraining": """
        pretraining: pretraining; PyTorch: pytorch; Torch: pytorch; Datasets: datasets; MinerU: mineru
        SentencePiece: sentencepiece; Tiktoken: tiktoken; Hugging Face Tokenizers: tokenizers; Qwen tokenizer: qwen-tokenizer
        Transformers: transformers; OLMo: olmo; DeepSpeed: deepspeed; Axolotl: axolotl; Kaggle: kaggle; Google Colab: colab
        Colab: colab; deduplication: data-deduplication; 去重: data-deduplication; data cleaning: data-cleaning
        数据清洗: data-cleaning; data formats: data-formats; config.json: model-config; tokenizer_config.json: model-config
        safetensors: safetensors; sharded safetensors: safetensors-sharding; OLMo to Hugging Face: olmo-conversion
    """,
    "fine-tuning": """
        SFT: sft; 有监督微调: sft; instruction data: instruction-data; OpenAI format: openai-chat-format
        Alpaca format: alpaca-format; ChatML: chatml; RLHF: rlhf; 人类反馈强化学习: rlhf; DPO: dpo; PEFT: peft
        参数高效微调: peft; LoRA: lora; QLoRA: qlora; prefix tuning: prefix-tuning; quantization: quantization
        Accelerate: accelerate; DeepSpeed ZeRO: zero; ZeRO: zero; Diffusers: diffusers; alignment: alignment
        aligned model: alignment; 对齐: alignment
    """,
    "inference": """
        vLLM: vllm; vLLM engine: vllm-engine; PagedAttention: paged-attention; continuous batching: continuous-batching
        prefix caching: prefix-caching; tensor parallelism: tensor-parallelism; vLLM flags: vllm-flags
        vLLM memory: vllm-memory; vLLM torch.compile: vllm-torch-compile; SGLang: sglang; Shimmy: shimmy; GGUF: gguf
        llama.cpp: llama-cpp; KV cache: kv-cache; prefill: prefill; decode: decode; roofline model: roofline-model
        arithmetic intensity: arithmetic-intensity; 算术强度: arithmetic-intensity; compute-bound: roofline-model
        memory-bound: roofline-model; speculative decoding: speculative-decoding; prompt engineering: prompt-engineering
        提示词工程: prompt-engineering; Qwen: qwen; Qwen3-14B: qwen; --tensor-parallel-size: vllm-flags
        --max-model-len: vllm-flags; --served-model-name: vllm-flags; PYTORCH_CUDA_ALLOC_CONF: vllm-memory
        VLLM_DISABLE_TORCH_COMPILE: vllm-torch-compile; TORCHDYNAMO_DISABLE: vllm-torch-compile
        text generation: sampling; model loading: vllm-engine
    """,
    "application": """
        agent: agent; 智能体: agent; RAG: rag; 检索增强生成: rag; chatbot: chatbot; 聊天机器人: chatbot
        external tools: tool-calling; LlamaIndex: llamaindex; Agno: agno; Phidata: agno; CrewAI: crewai
        Open-AutoGLM: open-autoglm; Agent Lightning: agent-lightning; embedding model: embedding-model
        all-MiniLM-L6-v2: all-minilm-l6-v2; BGE: bge; text2vec: text2vec; vector database: vector-database; Milvus: milvus
        pymilvus: milvus-workflow; Milvus schema: milvus-workflow; Chroma: chroma; MCP: mcp; MCP-RAG: mcp-rag
        semantic retrieval: embedding-model; error-log knowledge base: mcp-rag
    """,
    "evaluation": """
        benchmark suites: benchmark-suites; 基准测试集: benchmark-suites; human evaluation: human-evaluation
        人工评估: human-evaluation; evaluation metrics: evaluation-metrics; 评估指标: evaluation-metrics
        capability evaluation: capability-evaluation; safety evaluation: safety-evaluation; bias: bias-evaluation
        hallucination: hallucination; 幻觉: hallucination; LLM-as-judge: llm-as-judge; contamination: contamination
        pass@k: pass-at-k; perplexity: perplexity; RAG metrics: rag-metrics; lm-evaluation-harness: lm-evaluation-harness
    """,
    "observation": """
        observation: observation; logging: logging; 日志记录: logging; tracing: tracing; 链路追踪: tracing
        cost monitoring: cost-monitoring; 成本监控: cost-monitoring; latency: latency-monitoring; dashboards: dashboards
        分析看板: dashboards; Weights & Biases: wandb; WandB: wandb; SwanLab: swanlab; OpenTelemetry: opentelemetry
    """,
    "pitfalls": """
        np.float: np-float-removed; PY_SSIZE_T_CLEAN: py-ssize-t-clean; aimv2: aimv2-already-registered
        torch.compile error: vllm-torch-compile-error
    """,
}  # fmt: skip


def rows() -> list[tuple[str, str]]:
    entries = [entry for text in TAUGHT.values() for line in text.strip().splitlines() for entry in line.split(";")]
    return [(name.strip(), note.strip()) for name, _, note in (entry.rpartition(":") for entry in entries)]


@pytest.fixture(scope="module")
def library() -> Library:
    folder = Folder(BUILT_IN, own=False)
    return build([d for path in reader.files(folder) if (d := reader.read(path, folder).document)])


@pytest.mark.parametrize(("name", "note"), rows(), ids=[name for name, _ in rows()])
def test_what_the_founding_documents_name_is_taught(name: str, note: str, library: Library) -> None:
    found = library.named(name)
    assert found is not None, f"no note has the title or alias {name!r}"
    assert found.id == note


def test_the_course_is_of_full_depth(library: Library) -> None:
    kinds = [note.kind for note in library.notes.values()]
    translated = [note for note in library.notes.values() if any(document.sibling for document in note.documents)]
    assert len(kinds) >= 150
    assert kinds.count("pitfall") >= 30
    assert len(translated) >= 40
