"""What the training calculator takes for granted, and what it warns of, in both languages."""

from tools.calculators.accelerator import Accelerator
from tools.calculators.derivation import Text


def assumptions(method: str, precision: str, optimizer: str, zero: int, offload: str) -> tuple[Text, ...]:
    """List what holds for the request."""
    said = [
        Text(
            "Without the CUDA context (about 500 MiB) and fragmentation.",
            "不含 CUDA 上下文（约 500 MiB）和显存碎片。",
        ),
        Text(
            "A fused optimizer step; PyTorch's foreach step briefly needs another copy.",
            "优化器采用融合实现；PyTorch 的 foreach 实现会临时多占一份。",
        ),
        Text("GPUs are data parallel; each has its own micro-batch.", "多卡为数据并行，每卡有自己的微批次。"),
    ]
    if method == "full" and precision == "mixed":
        said.append(
            Text(
                "16-bit weights and gradients, fp32 master weights and momenta in the optimizer's share.",
                "权重和梯度为 16 位；fp32 主权重与动量计入优化器。",
            )
        )
    if method != "full" and precision == "mixed":
        said.append(
            Text("Adapters are kept in fp32, as PEFT does by default.", "适配器按 PEFT 的默认方式以 fp32 保存。")
        )
    if precision == "bf16":
        said.append(
            Text("No fp32 master weights: small updates are rounded away.", "没有 fp32 主权重，微小更新会被舍入掉。")
        )
    if method == "qlora":
        said.append(
            Text(
                "Embeddings, head and norms at 16 bit; PEFT's prepare_model_for_kbit_training doubles these to fp32.",
                "词嵌入、输出层和归一化为 16 位；PEFT 的 prepare_model_for_kbit_training 会把它们转为 fp32。",
            )
        )
    if optimizer == "adamw-8bit":
        said.append(
            Text("8-bit momenta with an fp32 scale per 256 values.", "8 位动量，每 256 个值有一个 fp32 缩放因子。")
        )
    if zero or offload != "none":
        said.append(
            Text("ZeRO as in DeepSpeed: a gradient bucket of 500 million.", "ZeRO 按 DeepSpeed：梯度桶为 5 亿个元素。")
        )
    if offload != "none":
        said.append(
            Text(
                "CPU memory for all GPUs together, with DeepSpeed's factor of 1.5.",
                "CPU 内存为所有卡合计，含 DeepSpeed 的 1.5 倍缓冲。",
            )
        )
    return tuple(said)


def warnings(card: Accelerator | None, precision: str, zero: int, gpus: int, offload: str) -> tuple[Text, ...]:
    """List what will not work or brings nothing."""
    said: list[Text] = []
    if card is not None and not card.bf16 and precision != "fp32":
        said.append(
            Text(
                f"{card.name} has no bf16: train in fp16 with loss scaling.",
                f"{card.name} 不支持 bf16，请用 fp16 加损失缩放。",
            )
        )
    if zero and gpus == 1 and offload == "none":
        said.append(
            Text("ZeRO divides nothing on a single GPU without offload.", "单卡且不卸载时，ZeRO 没有任何可切分的。")
        )
    return tuple(said)
