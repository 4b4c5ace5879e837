import { Type } from 'typebox'
import { ListQuery } from './paging.js'
import { strictObject } from './strict-object.js'
import { DateOrDateTime } from './times.js'

const commonFilters = {
  name: Type.Optional(Type.String({ maxLength: 63, description: 'beginning of the name' })),
  createdAfter: Type.Optional(DateOrDateTime),
  createdBefore: Type.Optional(DateOrDateTime),
}

export const DatasetListQuery = strictObject({
  ...ListQuery,
  ...commonFilters,
  kind: Type.Optional(Type.Enum(['images', 'table'])),
})

export const ModelListQuery = strictObject({
  ...ListQuery,
  ...commonFilters,
  model: Type.Optional(
    Type.String({ maxLength: 63, description: 'kind of the model: resnet, vgg or boosting' }),
  ),
  dataset: Type.Optional(Type.String({ maxLength: 63, description: 'id or name of the data set' })),
})

export const WeightsListQuery = strictObject({ ...ListQuery, ...commonFilters })
