"""IR: one tree for JSONPath and Liquid. Nodes are frozen, slotted dataclasses; stages `match` on them."""

from mapper.ir.jsonpath import *  # noqa: F403
from mapper.ir.liquid import *  # noqa: F403
from mapper.ir.values import *  # noqa: F403
from mapper.ir.vars import *  # noqa: F403
