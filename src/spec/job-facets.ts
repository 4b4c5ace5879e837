import { type Static, Type } from 'typebox'
import { nullable } from './nullable.js'

/** The most frequent keys of labels, and values of each key and of data sets, that facets name. */
export const maxLabelKeys = 100
export const maxValuesOfLabel = 100

const Count = Type.Integer({ description: 'number of jobs' })

const FacetValues = (description: string) =>
  Type.Array(Type.Object({ value: Type.String(), count: Count }), { description })

export const JobFacets = Type.Object({
  total: Type.Integer({ description: 'number of jobs that match' }),
  status: FacetValues('statuses, the most frequent first'),
  model: FacetValues('kinds of models'),
  dataset: FacetValues(`names of data sets, the ${maxValuesOfLabel} most frequent`),
  datasets: Type.Integer({ description: 'number of different names of data sets' }),
  labels: Type.Array(
    Type.Object({
      key: Type.String(),
      count: Count,
      distinct: Type.Integer({ description: 'number of different values' }),
      values: FacetValues(`the ${maxValuesOfLabel} most frequent values`),
    }),
    { description: `the ${maxLabelKeys} most frequent keys of labels` },
  ),
  labelKeys: Type.Integer({ description: 'number of different keys of labels' }),
  metrics: Type.Array(
    Type.Object({
      name: Type.String(),
      count: Count,
      better: nullable(
        Type.Enum(['lower', 'higher']),
        'which values are better: `best` has them; null if none are',
      ),
    }),
    { description: 'metrics that a job has' },
  ),
})
export type JobFacets = Static<typeof JobFacets>
