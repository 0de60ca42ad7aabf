"""Which sentences state the principles behind questions about the KV cache."""

from typing import Final

from tools.quiz.calc_problem import Source

SIZE: Final = Source(
    "kv-cache",
    (
        ("bytes per token", "kv heads"),
        ("cache per token is", "kv heads"),
        ("$2 \\cdot 32", "bytes"),
        ("times layers", "key-value heads"),
    ),
    (("每 token 字节数", "kv 头"), ("每个 token 的缓存大小", "kv 头"), ("乘以层数", "kv 头")),
)
GROWTH: Final = Source(
    "kv-cache",
    (("batch size and context length multiply",), ("grows linearly", "number of sequences")),
    (("线性增长", "序列数"),),
)
HEADS: Final = Source(
    "grouped-query-attention",
    (("factor query heads divided by key-value heads",), ("shrinks the key-value cache by the number of heads",)),
    (("查询头数除以 kv 头数",), ("所有查询头共用一个键头和一个值头",)),
)
LATENT: Final = Source(
    "multi-head-latent-attention",
    (("kv_lora_rank", "once per layer"), ("$512 + 64",)),
    (("只缓存一个压缩向量",),),
)
POOL: Final = Source(
    "kv-cache",
    (("divide the free memory by the kv cache of a typical request",),),
    (("剩余显存除以典型请求的 kv 缓存",),),
)
BLOCKS: Final = Source("paged-attention", (("only in the last block",),), (("最后一块", "浪费"),))
SPLIT: Final = Source(
    "tensor-parallelism",
    (
        ("key-value heads are copied",),
        ("copies key-value heads",),
        ("replicates the heads",),
        ("copy it to every gpu",),
    ),
    (("kv 头会被复制",), ("会复制 kv 头",)),
)
