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
    when: 'the training does not fit into memory; or the kernel ended two attempts for lack of memory without a new checkpoint',
    help: 'Set training.memory to low, lower batchSize and raise accumulateSteps, or use a smaller model. If other processes use the memory, stop them, lower TRAINYARD_SLOTS, or set TRAINYARD_SPARE_TRAINERS=off.',
  },
  crashed: {
    when: 'three attempts ended by an error or a crash of native code, without a new checkpoint',
    help: 'The message says how the last one ended, and the log of the job what it printed. Fix the cause and retry the job; if it is a bug of Trainyard, report it.',
  },
  killed: {
    when: 'twenty attempts were ended from outside, by a signal or together with their worker, without a new checkpoint',
    help: 'Find out what ends the trainers, such as a service manager or a script, and retry the job. Checkpoints at shorter intervals (checkpointSeconds) also help.',
  },
  no_progress: {
    when: 'three attempts ended without a new checkpoint, and nothing says why',
    help: 'See the log of the job and of the server, fix the cause, and retry the job.',
  },
  dataset_gone: {
    when: 'the data set was deleted',
    help: 'Upload the data set again and retry the job.',
  },
  dataset_damaged: {
    when: 'a file of the data set in the data folder is damaged',
    help: 'Upload the same files again, which replaces the damaged data set, and retry the job.',
  },
  init_source_gone: {
    when: 'the weights of initFrom were deleted or damaged before the job began',
    help: 'Submit the job again with another initFrom.',
  },
  init_nothing_matches: {
    when: 'no variable of the network has a counterpart in the weights of initFrom',
    help: 'Use weights of the same network; variables match by name, shape and type.',
  },
  model_gone: {
    when: 'the version of the model that predicts was deleted or damaged',
    help: 'Submit the job again with another version.',
  },
  no_gpu: {
    when: 'the precision is fp16 and the worker has no GPU',
    help: 'Use bf16 or fp32.',
  },
  xgboost_error: {
    when: 'XGBoost rejects the options or the data',
    help: 'The message is XGBoost’s own.',
  },
  gpu_error: {
    when: 'the engine reports an error of the GPU or its driver',
    help: 'Check the GPU and its driver (nvidia-smi), then retry the job.',
  },
  invalid: {
    when: 'the job cannot be trained for another reason',
    help: 'The message says why.',
  },
} as const satisfies Readonly<Record<string, FailureCodeInfo>>

export type FailureCode = keyof typeof failureCodes

/** Codes of jobs that failed with an older version of the server. */
export const oldFailureCodes = {
  groups_not_contiguous: {
    when: 'an older version of the server needed the rows of a group of a ranking table to be adjacent',
    help: 'Retry the job: the rows are sorted by group now.',
  },
} as const satisfies Readonly<Record<string, FailureCodeInfo>>

export type OldFailureCode = keyof typeof oldFailureCodes
