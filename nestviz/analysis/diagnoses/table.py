"""The table of diagnoses. To add one, write its module (one class) and its row here."""

from __future__ import annotations

from nestviz.analysis.diagnoses.closure_captures_data import ClosureCapturesData
from nestviz.analysis.diagnoses.diagnosis import Pattern
from nestviz.analysis.diagnoses.failure_cascade import FailureCascade
from nestviz.analysis.diagnoses.fractional_cpus import FractionalCpus
from nestviz.analysis.diagnoses.get_in_loop import GetInLoop
from nestviz.analysis.diagnoses.get_in_submit_order import GetInSubmitOrder
from nestviz.analysis.diagnoses.get_on_arguments import GetOnArguments
from nestviz.analysis.diagnoses.imbalance import Imbalance
from nestviz.analysis.diagnoses.incomplete import Incomplete
from nestviz.analysis.diagnoses.large_argument import LargeArgument
from nestviz.analysis.diagnoses.linear_chain import LinearChain
from nestviz.analysis.diagnoses.long_pending import LongPending
from nestviz.analysis.diagnoses.low_parallelism import LowParallelism
from nestviz.analysis.diagnoses.memory_gated import MemoryGated
from nestviz.analysis.diagnoses.not_worth_it import NotWorthIt
from nestviz.analysis.diagnoses.observer_cost import ObserverCost
from nestviz.analysis.diagnoses.redefined_function import RedefinedFunction
from nestviz.analysis.diagnoses.repeated_argument import RepeatedArgument
from nestviz.analysis.diagnoses.retried import Retried
from nestviz.analysis.diagnoses.returned_put import ReturnedPut
from nestviz.analysis.diagnoses.serial_head import SerialHead
from nestviz.analysis.diagnoses.stalled import Stalled
from nestviz.analysis.diagnoses.straggler import Straggler
from nestviz.analysis.diagnoses.submit_flood import SubmitFlood
from nestviz.analysis.diagnoses.too_fine_grained import TooFineGrained
from nestviz.analysis.diagnoses.too_many_in_one_get import TooManyInOneGet
from nestviz.analysis.diagnoses.unnecessary_get import UnnecessaryGet
from nestviz.analysis.diagnoses.work_inflation import WorkInflation
from nestviz.analysis.diagnoses.worker_cap import WorkerCap
from nestviz.analysis.diagnoses.worker_explosion import WorkerExplosion
from nestviz.analysis.diagnoses.worker_start import WorkerStart

__all__ = ["PATTERNS"]

_TABLE: tuple[Pattern, ...] = (
    Stalled(),
    TooFineGrained(),
    NotWorthIt(),
    GetInLoop(),
    GetInSubmitOrder(),
    GetOnArguments(),
    UnnecessaryGet(),
    TooManyInOneGet(),
    LargeArgument(),
    RepeatedArgument(),
    ClosureCapturesData(),
    RedefinedFunction(),
    ReturnedPut(),
    WorkerStart(),
    WorkerExplosion(),
    WorkerCap(),
    LongPending(),
    MemoryGated(),
    FractionalCpus(),
    SubmitFlood(),
    SerialHead(),
    LowParallelism(),
    LinearChain(),
    Imbalance(),
    Straggler(),
    WorkInflation(),
    Retried(),
    FailureCascade(),
    Incomplete(),
    ObserverCost(),
)

PATTERNS: dict[str, Pattern] = {pattern.id: pattern for pattern in _TABLE}
