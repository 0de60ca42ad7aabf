"""DeepSpeed's own estimators of model states, repeated exactly so that ours can be set beside them.

Source: deepspeed/runtime/zero/stage_1_and_2.py and stage3.py. They print GiB under the name
GB and leave activations out.
"""

from typing import Final, NamedTuple

from tools.calculators.argument import real, whole

BUFFER_FACTOR: Final = 1.5  # DeepSpeed's allowance for pinned copies in CPU memory


class Estimate(NamedTuple):
    """Bytes on each GPU and in the memory of each machine."""

    gpu: int
    cpu: int


def zero2(
    parameters: float, gpus_per_node: int = 1, nodes: int = 1, offload_optimizer: bool = True,
    buffer_factor: float = BUFFER_FACTOR,
) -> Estimate:  # fmt: skip
    """Repeat estimate_zero2_model_states_mem_needs."""
    count, gpus = real("number of parameters", parameters), _gpus(gpus_per_node, nodes)
    if offload_optimizer:
        return Estimate(int(2 * count), int(count * max(4 * gpus, 16) * buffer_factor))
    return Estimate(int(2 * count + int(18 * count / gpus)), int(count * 4 * gpus_per_node * buffer_factor))


def zero3(
    parameters: float, largest_layer: float, gpus_per_node: int = 1, nodes: int = 1, offload_optimizer: bool = True,
    offload_parameters: bool = True, zero_init: bool = True, buffer_factor: float = BUFFER_FACTOR,
) -> Estimate:  # fmt: skip
    """Repeat estimate_zero3_model_states_mem_needs; `largest_layer` is the largest module's own parameters."""
    count, gpus = real("number of parameters", parameters), _gpus(gpus_per_node, nodes)
    gathered = 4 * real("parameters of the largest layer", largest_layer)
    if not offload_optimizer:
        on_cpu = largest_layer if zero_init else count
        cpu = on_cpu * 4 * gpus_per_node * buffer_factor
        return Estimate(int(gathered + int(18 * count / gpus)), int(cpu))
    held = 18 if offload_parameters else 16
    each = held / nodes if zero_init else max(4 * gpus_per_node, held / nodes)
    kept = 0 if offload_parameters else int(2 * count / gpus)
    return Estimate(int(gathered + kept), int(count * each * buffer_factor))


def _gpus(gpus_per_node: int, nodes: int) -> int:
    return whole("number of GPUs", gpus_per_node, 1, 1024) * whole("number of nodes", nodes, 1, 10_000)
