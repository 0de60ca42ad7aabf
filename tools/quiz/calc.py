"""All makers of items from the calculators."""

from typing import Final

from tools.quiz import (
    calc_compute,
    calc_kv_cache,
    calc_latency,
    calc_lora,
    calc_roofline,
    calc_serving,
    calc_training,
    calc_weights,
)

MAKERS: Final = (
    calc_kv_cache.make,
    calc_weights.make,
    calc_training.make,
    calc_lora.make,
    calc_compute.make,
    calc_roofline.make,
    calc_serving.make,
    calc_latency.make,
)
