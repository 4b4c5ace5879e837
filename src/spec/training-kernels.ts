/** Whose kernels a training step runs where there is a choice: Trainyard's own (the folder `native`), or TensorFlow's. */
export const trainingKernels = ['own', 'stock'] as const

export type TrainingKernels = (typeof trainingKernels)[number]
