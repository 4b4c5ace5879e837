import {
  type ConvKernels,
  type ConvShape,
  choosableParts,
  convShapeName,
  kernelsByRule,
} from '../graph/ops/conv-kernels.js'
import type { ConvKernelTable } from '../spec/conv-kernels.js'

/** The kernels of the convolutions of a training step, and what is not known of them yet. */
export class ConvKernelChoices {
  private readonly made = new Map<string, ConvKernels>()
  private readonly unknown = new Map<string, ConvShape>()

  /** `known`: what was measured of a shape, by its name. */
  constructor(private readonly known: (name: string) => ConvKernels | undefined) {}

  readonly choose = (shape: ConvShape): ConvKernels => {
    const byRule = kernelsByRule(shape)
    const parts = choosableParts(shape)
    if (parts.length === 0) return byRule
    const name = convShapeName(shape)
    const known = this.known(name)
    if (!known) this.unknown.set(name, shape)
    const kernels = {
      ...byRule,
      ...Object.fromEntries(parts.map(part => [part, (known ?? byRule)[part]])),
    }
    this.made.set(name, kernels)
    return kernels
  }

  /** The shapes that have a choice and were not known, by name: those chosen by rule so far. */
  get missing(): ReadonlyMap<string, ConvShape> {
    return this.unknown
  }

  /** What was chosen of the shapes that have a choice. */
  get table(): ConvKernelTable {
    return Object.fromEntries(this.made)
  }
}
