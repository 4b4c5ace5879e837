import { Type } from 'typebox'
import { AliasName } from './model-selector.js'
import { ListQuery } from './paging.js'
import { strictObject } from './strict-object.js'
import { DateOrDateTime } from './times.js'

const commonFilters = {
  name: Type.Optional(Type.String({ maxLength: 63, description: 'beginning of the name' })),
  createdAfter: Type.Optional(DateOrDateTime),
  createdBefore: Type.Optional(DateOrDateTime),
}

const TagFilters = Type.Optional(
  Type.Array(Type.String({ maxLength: 564, pattern: '^[^:,]+:[^,]*$' }), {
    maxItems: 32,
    description: 'versions with all of these tags, as name:value',
  }),
)

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
  alias: Type.Optional({
    ...AliasName,
    description: 'models that have this alias, in the version that it names',
  }),
  tag: TagFilters,
})

/** The query of the versions of one model. */
export const VersionListQuery = strictObject({ ...ListQuery, tag: TagFilters })

export const WeightsListQuery = strictObject({ ...ListQuery, ...commonFilters })
