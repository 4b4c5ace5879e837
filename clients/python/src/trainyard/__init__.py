"""Client of Trainyard, a training-job server.

    import trainyard

    client = trainyard.Client()

`trainyard.types` has the types of requests and answers.
"""

from ._chart import Chart
from ._client import Client
from ._datasets import Dataset, Datasets
from ._errors import (
    ConfigurationError,
    JobFailed,
    ProblemError,
    ServerUnreachable,
    TrainyardError,
)
from ._job import Job, JobUpdate, MetricsUpdate
from ._jobs import Jobs
from ._model import Model
from ._models import Models
from ._png import Png
from ._version import __version__

__all__ = [
    "Chart",
    "Client",
    "ConfigurationError",
    "Dataset",
    "Datasets",
    "Job",
    "JobFailed",
    "JobUpdate",
    "Jobs",
    "MetricsUpdate",
    "Model",
    "Models",
    "Png",
    "ProblemError",
    "ServerUnreachable",
    "TrainyardError",
    "__version__",
]
