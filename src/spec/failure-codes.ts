interface FailureCodeInfo {
  when: string
  help: string
}

/** Every `failure.code` of a job that failed. Codes are stable, as in `errorCodes`. */
export const failureCodes = {
  nan_loss: {
    when: 'the loss became NaN or infinite',
    help: 'Lower the learning rate, clip gradients, or look for huge values in the data.',
  },
  bad_sample: {
    when: 'a record of the data set cannot be read or decoded',
    help: 'Correct or remove the record, upload the data set again, and submit a new job.',
  },
  out_of_memory: {
    when: 'the training does not fit into memory',
    help: 'Lower batchSize and raise accumulateSteps, or use a smaller model.',
  },
  no_progress: {
    when: 'three attempts crashed, or twenty were killed, without a new checkpoint',
    help: 'The message has the last output; see the log of the job, fix the cause, and retry the job.',
  },
  dataset_gone: {
    when: 'the data set was deleted',
    help: 'Upload the data set again and retry the job.',
  },
  init_source_gone: {
    when: 'the weights of initFrom were deleted or damaged before the job began',
    help: 'Submit the job again with another initFrom.',
  },
  init_nothing_matches: {
    when: 'no variable of the network has a counterpart in the weights of initFrom',
    help: 'Use weights of the same network; variables match by name, shape and type.',
  },
  no_gpu: {
    when: 'the precision is fp16 and the worker has no GPU',
    help: 'Use bf16 or fp32.',
  },
  groups_not_contiguous: {
    when: 'the rows of a group of a ranking table are not adjacent',
    help: 'Sort the table by the group column and upload it again.',
  },
  xgboost_error: {
    when: 'XGBoost rejects the options or the data',
    help: 'The message is XGBoost’s own.',
  },
  gpu_error: {
    when: 'XGBoost reports an error of the GPU or its driver',
    help: 'Check the GPU and its driver, then retry the job.',
  },
  invalid: {
    when: 'the job cannot be trained for another reason',
    help: 'The message says why.',
  },
} as const satisfies Readonly<Record<string, FailureCodeInfo>>

export type FailureCode = keyof typeof failureCodes
