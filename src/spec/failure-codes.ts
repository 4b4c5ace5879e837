interface FailureCodeInfo {
  /** True if another attempt may succeed: the job fails only if it makes no progress (`no_progress`). */
  retry: boolean
  when: string
  help: string
}

/** Every `failure.code` of a job that failed. A code is stable, as in `errorCodes`. */
export const failureCodes = {
  nan_loss: {
    retry: false,
    when: 'the loss or a metric became NaN or infinite',
    help: 'Lower the learning rate, clip gradients, or look for huge values in the data.',
  },
  bad_sample: {
    retry: false,
    when: 'a record of the data set cannot be read or decoded',
    help: 'Correct or remove the record, upload the data set again, and submit the job again.',
  },
  out_of_memory: {
    retry: false,
    when: 'a training step does not fit into memory',
    help: 'Lower batchSize and raise accumulateSteps, or use a smaller model.',
  },
  no_progress: {
    retry: false,
    when: 'several attempts in a row ended without a new checkpoint',
    help: 'The message has the last attempt’s output; read the job’s log.',
  },
  dataset_gone: {
    retry: false,
    when: 'the data set was deleted before the job began',
    help: 'Upload the data set again and retry the job.',
  },
  init_source_gone: {
    retry: false,
    when: 'the weights of initFrom were deleted or damaged before the job began',
    help: 'Submit the job again with another initFrom.',
  },
  init_nothing_matches: {
    retry: false,
    when: 'no variable of the network has a counterpart in the weights of initFrom',
    help: 'Use weights of the same network; variables match by name and shape.',
  },
  no_gpu: {
    retry: false,
    when: 'the precision needs a GPU and the worker has none',
    help: 'Use bf16 or fp32.',
  },
  groups_not_contiguous: {
    retry: false,
    when: 'a ranking table’s rows of one group are not adjacent',
    help: 'Sort the table by the group column and upload it again.',
  },
  xgboost_error: {
    retry: false,
    when: 'XGBoost rejects the parameters or the data',
    help: 'The message is XGBoost’s own.',
  },
  gpu_error: {
    retry: true,
    when: 'the GPU or its driver fails',
    help: 'Check the driver; the job is tried again.',
  },
  invalid: {
    retry: false,
    when: 'the job cannot be trained for another reason',
    help: 'The message says why.',
  },
} as const satisfies Readonly<Record<string, FailureCodeInfo>>

export type FailureCode = keyof typeof failureCodes
