"""Runs a job with the client that openapi-python-client generates. Arguments: URL, key, CSV file."""

import importlib
import json
import pkgutil
import sys

import trainyard_client

modules = [m.name for m in pkgutil.walk_packages(trainyard_client.__path__, "trainyard_client.")]
for module in modules:
    importlib.import_module(module)

from trainyard_client import AuthenticatedClient
from trainyard_client.api.datasets import upload_dataset
from trainyard_client.api.jobs import get_job, submit_job
from trainyard_client.api.models import predict
from trainyard_client.models import (
    BoostingJobRequest,
    BoostingOptions,
    Job,
    JobStatus,
    PredictJsonBody,
    RowPredictions,
    TableDataset,
    UploadDatasetBody,
)
from trainyard_client.models.predict_json_body_instances_item_type_1 import (
    PredictJsonBodyInstancesItemType1 as Row,
)
from trainyard_client.types import File

url, key, path = sys.argv[1:]
client = AuthenticatedClient(
    base_url=url, token=key, timeout=120, raise_on_unexpected_status=True
)

with open(path, "rb") as file:
    form = UploadDatasetBody(
        file=[File(payload=file, file_name="table.csv")], name="of-python", target="target"
    )
    dataset = upload_dataset.sync(client=client, body=form)
assert isinstance(dataset, TableDataset), dataset

request = BoostingJobRequest(
    dataset=dataset.name, model=BoostingOptions(kind="boosting", rounds=20)
)
job = submit_job.sync(client=client, body=request)
assert isinstance(job, Job), job
for _ in range(4):
    if job.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
        break
    job = get_job.sync(job.id, client=client, wait=50)
    assert isinstance(job, Job), job
assert job.result is not None, job.failure

columns = [column.name for column in dataset.columns]
row = Row.from_dict(dict(zip(columns, dataset.sample[0])))
answer = predict.sync(
    job.result.model.id, client=client, body=PredictJsonBody(instances=[row])
)
assert isinstance(answer, RowPredictions), answer

print(
    json.dumps(
        {
            "modules": len(modules),
            "status": job.status.value,
            "step": job.progress.step,
            "value": answer.predictions[0].value,
        }
    )
)
