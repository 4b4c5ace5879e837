import { type Static, Type } from 'typebox'
import { strictObject } from './strict-object.js'

const Kernel = Type.Union([Type.Literal('convolution'), Type.Literal('product')])

/** What computes a convolution and its gradients: TensorFlow's convolutions, or matrix products. */
export const MeasuredKernels = strictObject({
  forward: Kernel,
  inputGradient: Kernel,
  filterGradient: Kernel,
})
export type MeasuredKernels = Static<typeof MeasuredKernels>

/** The kernels of the convolutions of a job, by the name of their shape. Those that are missing are chosen by rule. */
export const ConvKernelTable = Type.Record(Type.String(), MeasuredKernels)
export type ConvKernelTable = Static<typeof ConvKernelTable>
