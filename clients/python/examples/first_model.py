"""From a folder of JPEGs, one folder for each class, to a served model."""

import trainyard

with trainyard.Client() as client:
    dataset = client.datasets.push("shapes", resize=32)
    print(dataset.labels, dataset.records)

    job = client.jobs.submit(
        name="shapes-model",
        dataset=dataset.name,
        model={"kind": "resnet", "depth": 8},
        training={"steps": 60, "batchSize": 16, "validation": 0.2},
    )
    for update in job.follow():
        if update["event"] == "metrics":
            print(update["data"]["step"], update["data"]["values"])

    answer = client.models.predict("shapes-model", "new.jpg")
    print(answer["predictions"][0]["label"], answer["predictions"][0]["probability"])

    client.models.promote("shapes-model", "production", version=answer["version"])
    print(client.models.export("shapes-model", format="onnx"))
