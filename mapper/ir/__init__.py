"""IR: one tree for both surface syntaxes. Nodes are frozen data; stages `match` on them."""

from mapper.ir.jsonpath import *  # noqa: F403
from mapper.ir.liquid import *  # noqa: F403
from mapper.ir.values import *  # noqa: F403
