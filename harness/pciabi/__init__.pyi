"""The public names with their types, for who checks them; `__init__.py` imports each when used."""

from pciabi.abi.change import Harm as Harm
from pciabi.abi.change import Outcome as Outcome
from pciabi.abi.judgement import Severity as Severity
from pciabi.errors import CannotTest as CannotTest
from pciabi.errors import InputError as InputError
from pciabi.errors import PciabiError as PciabiError
from pciabi.face.comparing import NEVER_IN_LSPCI as NEVER_IN_LSPCI
from pciabi.face.comparing import compare as compare
from pciabi.face.comparison import Change as Change
from pciabi.face.comparison import Comparison as Comparison
from pciabi.face.comparison import Consequence as Consequence
from pciabi.face.comparison import HardwareChanged as HardwareChanged
from pciabi.face.comparison import Unknown as Unknown
from pciabi.face.comparison import Verdict as Verdict

__version__: str
__all__: list[str]
