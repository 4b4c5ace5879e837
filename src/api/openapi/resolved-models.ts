import { Type } from 'typebox'
import { BoostingOptions } from '../../spec/boosting-options.js'
import { ResNetOptions, VggOptions } from '../../spec/model-options.js'

const description = 'the options with all defaults filled in'

/** Options of models in answers, which are looser than those of requests: jobs of older versions have them, too. */
export const ResNet = Type.Object(ResNetOptions.properties, { description })
export const Vgg = Type.Object(VggOptions.properties, { description })
export const Boosting = Type.Object(
  {
    ...BoostingOptions.properties,
    quantile: Type.Array(Type.Number(), { description: 'empty unless the objective is quantile' }),
  },
  { description },
)
export const ResolvedNetwork = Type.Union([ResNet, Vgg])
export const ModelOptions = Type.Union([ResNet, Vgg, Boosting])
