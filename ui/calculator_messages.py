"""The words of the Calculate page, in the languages of its readers."""

from typing import Final

from knowledge.vocabulary import Language
from tools.calculators.calculation import Kind

_MESSAGES: Final[dict[str, tuple[str, str]]] = {
    # the form
    "title": ("Calculate", "计算"),
    "kind": ("What to calculate", "计算内容"),
    "kind_memory": ("Memory", "显存"),
    "kind_serve": ("Serving", "部署"),
    "kind_roofline": ("Roofline", "Roofline"),
    "kind_train": ("Training", "训练"),
    "kind_model": ("Model", "模型"),
    "compare": ("Compare with (up to three GPUs or models)", "与之比较（最多三个显卡或模型）"),
    "more": ("More settings", "更多设置"),
    "model": ("Model", "模型"),
    "gpu": ("GPU", "显卡"),
    "gpus": ("GPUs", "显卡数"),
    "context": ("Context (tokens)", "上下文（token）"),
    "batch": ("Batch (sequences)", "批大小（序列）"),
    "max_model_len": ("Longest request (tokens)", "最长请求（token）"),
    "sequence": ("Sequence length (tokens)", "序列长度（token）"),
    "quant": ("Weights", "权重格式"),
    "kv_dtype": ("KV cache format", "KV 缓存格式"),
    "dtype": ("Plain number format", "未量化的数值格式"),
    "tp": ("Tensor parallel size", "张量并行数"),
    "pp": ("Pipeline parallel size", "流水线并行数"),
    "utilization": ("Share of GPU memory", "显存使用比例"),
    "enforce_eager": ("Without CUDA graphs", "不使用 CUDA graph"),
    "method": ("Method", "训练方式"),
    "rank": ("Adapter rank", "适配器的秩"),
    "targets": ("Adapted matrices", "带适配器的矩阵"),
    "zero": ("ZeRO stage", "ZeRO 阶段"),
    "offload": ("Offload to CPU", "卸载到 CPU"),
    "optimizer": ("Optimizer", "优化器"),
    "precision": ("Precision", "精度"),
    "gradients": ("Gradient format", "梯度格式"),
    "checkpointing": ("Activation checkpointing", "激活重计算"),
    "flash_attention": ("Flash attention", "Flash attention"),
    "loss": ("Logits and loss", "logits 与损失"),
    "compiled": ("torch.compile", "torch.compile"),
    "accumulation": ("Gradient accumulation", "梯度累积"),
    "optimizer_in_backward": ("Optimizer step inside backward", "反向传播中更新权重"),
    "offload_activations": ("Activations to CPU", "激活值卸载到 CPU"),
    "phase": ("Phase", "阶段"),
    "attention": ("Attention kernel", "注意力算子"),
    "logits": ("Logits", "logits"),
    "compute_efficiency": ("Share of peak arithmetic", "算力利用率"),
    "memory_efficiency": ("Share of peak bandwidth", "带宽利用率"),
    "engine": ("Engine", "推理引擎"),
    "requests": ("Requests at once", "并发请求数"),
    "prompt": ("Prompt tokens", "提示 token 数"),
    "output": ("Answer tokens", "回答 token 数"),
    "served_name": ("Served model name", "对外模型名"),
    "port": ("Port", "端口"),
    "path": ("Path of the weights", "权重路径"),
    "devices": ("CUDA_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"),
    "auto": ("automatic", "自动"),
    "as_published": ("as published", "原始格式"),
    # the answer
    "fits": ("It fits", "放得下"),
    "not_fits": ("It does not fit", "放不下"),
    "bound_memory": ("Memory-bound", "受带宽限制"),
    "bound_compute": ("Compute-bound", "受算力限制"),
    "derivation": ("How this was calculated", "计算过程"),
    "inputs": ("Inputs", "输入"),
    "assumptions": ("Taken for granted", "前提"),
    "note": ("Explained in the note “{note}”", "参见笔记“{note}”"),
    "command": ("Command", "启动命令"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    "link": ("Link to this calculation", "此计算的链接"),
    "too_many": (
        "Of {count} comparisons only three are shown. Remove the ones you do not need.",
        "共选择了 {count} 项比较，只显示前三项。请移除不需要的项。",
    ),
    "unusable": ("This cannot be calculated", "无法计算"),
    "figure_table": ("Figures side by side", "数值对比"),
    # its figures
    "needed": ("Needed on each GPU", "每卡需要"),
    "limit": ("A GPU may give", "每卡可用"),
    "max_context": ("Longest context", "最长上下文"),
    "max_batch": ("Largest batch", "最大批大小"),
    "total": ("On all GPUs", "全部显卡合计"),
    "kv_tokens": ("KV cache tokens", "KV 缓存 token 数"),
    "concurrency": ("Full-length requests at once", "可同时容纳的满长请求"),
    "longest_request": ("Longest request that fits", "可容纳的最长请求"),
    "running": ("Of the load, at once", "负载中可同时运行"),
    "fewest": ("Fewest GPUs that do", "最少需要显卡数"),
    "trainable": ("Trained parameters", "可训练参数"),
    "cpu": ("CPU memory", "CPU 内存"),
    "speed": ("At best", "理论上限"),
    "step_time": ("Time of a pass", "单次用时"),
    "intensity": ("Intensity / ridge point", "算术强度 / 屋脊点"),
    "turning": ("Compute-bound from batch", "转为受算力限制的批大小"),
    "parameters": ("Parameters", "参数量"),
    "active": ("Active per token", "每 token 激活"),
    "stored": ("Weights", "权重"),
    "kv_per_token": ("KV cache per token", "每 token 的 KV 缓存"),
    "model_limit": ("Context it was made for", "模型上下文上限"),
    "unlimited": ("unlimited", "不受限"),
    "none": ("none", "无"),
    # plots
    "weights": ("weights", "权重"),
    "kv": ("KV cache", "KV 缓存"),
    "kv_request": ("KV cache of one request", "一个请求的 KV 缓存"),
    "activation": ("activations", "激活值"),
    "overhead": ("CUDA and graphs", "CUDA 与 graph"),
    "cuda": ("CUDA itself", "CUDA 自身"),
    "gradient": ("gradients", "梯度"),
    "optimizer_states": ("optimizer", "优化器状态"),
    "limit_line": ("limit {size}", "上限 {size}"),
    "axis_memory": ("GiB on each GPU", "每卡显存（GiB）"),
    "axis_weights": ("GiB of weights", "权重（GiB）"),
    "axis_intensity": ("arithmetic intensity (FLOP per byte)", "算术强度（FLOP/字节）"),
    "axis_performance": ("attainable FLOP/s", "可达性能（FLOP/s）"),
    "axis_time": ("milliseconds of one pass", "单次前向用时（毫秒）"),
    "ridge": ("ridge {value}", "屋脊点 {value}"),
    "whole_pass": ("whole pass", "整个前向"),
    "memory_bound": ("memory-bound", "受带宽限制"),
    "compute_bound": ("compute-bound", "受算力限制"),
    "share": ("{share} of the time", "占用时的 {share}"),
    "roof": ("roof ({dtype})", "屋顶（{dtype}）"),
    "time_compute": ("arithmetic", "计算"),
    "time_memory": ("moving data", "搬运数据"),
    "time_communication": ("between GPUs", "卡间通信"),
    "embedding": ("embedding", "词嵌入"),
    "norms, biases, routers": ("norms, biases, routers", "归一化、偏置、路由"),
    "head": ("head", "输出层"),
    "feed-forward": ("feed-forward", "前馈层"),
    "experts": ("experts", "专家"),
    "outside the text model": ("outside the text model", "文本模型之外"),
}  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """Return a message with its values filled in."""
    english, chinese = _MESSAGES[key]
    return (chinese if language == "zh" else english).format(**values)


def known(key: str) -> bool:
    """Tell whether there is such a message."""
    return key in _MESSAGES


def kind_name(kind: Kind, language: Language) -> str:
    """Return what a calculation is called."""
    return say(f"kind_{kind}", language)
