import type { JobManifest } from '../../spec/job.js'

/** The fields by which a line of the server's log tells which job it is about. */
export const logDetails = ({ id, name, dataset, model }: JobManifest) => ({
  job: id,
  // `name` is that of the process that logs
  jobName: name,
  model: model.kind,
  dataset: dataset.name,
})
