import { type Static, Type } from 'typebox'

/** How much the classes count in the loss. A class that is not named has the weight 1. */
export const ClassWeights = Type.Union(
  [
    Type.Enum(['balanced'], { type: 'string' }),
    Type.Record(Type.String(), Type.Number({ minimum: 0, maximum: 1e6 }), { minProperties: 1 }),
  ],
  {
    description:
      'factor of the loss of each record, by the name of its class; a class that is not named has 1. ' +
      'balanced: records / (classes × records of the class), so that all classes count the same. ' +
      'Validation metrics are not weighted',
  },
)
export type ClassWeights = Static<typeof ClassWeights>

/** Part of a plan: the weight of each class, by its name. */
export type ClassWeightsPlan = Record<string, number>
