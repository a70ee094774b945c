"""Properties of every operation: how its arguments are drawn, and what gives the right answer."""

from tests.bindings.mil_properties import compressed, convolutions, elementwise, indexing, layers, reductions, shapes
from tests.bindings.mil_properties.table import Property

PROPERTIES: dict[str, Property] = {
    **elementwise.PROPERTIES,
    **reductions.PROPERTIES,
    **shapes.PROPERTIES,
    **indexing.PROPERTIES,
    **convolutions.PROPERTIES,
    **layers.PROPERTIES,
    **compressed.PROPERTIES,
}
