import { type Static, Type } from 'typebox'

/** An estimate of the memory that a trainer takes for a job. */
export const MemoryEstimate = Type.Object({
  engineBytes: Type.Integer({
    description: 'the trainer process with its native library, without data, on a CPU',
  }),
  stateBytes: Type.Integer({
    description:
      'weights, optimizer state, moving averages and in-memory records; for boosting, the table',
  }),
  stepBytes: Type.Integer({
    description:
      'peak of a step: activations, gradients and the batch; for boosting, the derivatives of each row',
  }),
  totalBytes: Type.Integer({ description: 'the sum of the above' }),
})
export type MemoryEstimate = Static<typeof MemoryEstimate>
