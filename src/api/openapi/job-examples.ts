import type { JobOutcomes } from '../../spec/job-actions.js'
import type { JobFacets } from '../../spec/job-facets.js'

const outcomes: JobOutcomes = {
  items: [
    {
      id: 'job-01k9zq3w2hfx6t9r4m8v0c5b7e',
      status: 'queued',
      requested: null,
      problem: null,
    },
    {
      id: 'job-01k9zq3w2hfx6t9r4m8v0c5b7f',
      status: null,
      requested: null,
      problem: {
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        code: 'JOB_NOT_FOUND',
        detail: "there is no job 'job-01k9zq3w2hfx6t9r4m8v0c5b7f'",
      },
    },
  ],
  succeeded: 1,
  failed: 1,
  more: false,
}

const facets: JobFacets = {
  total: 3,
  status: [
    { value: 'succeeded', count: 2 },
    { value: 'running', count: 1 },
  ],
  model: [{ value: 'boosting', count: 3 }],
  dataset: [{ value: 'houses', count: 3 }],
  datasets: 1,
  labels: [{ key: 'team', count: 2, distinct: 1, values: [{ value: 'pricing', count: 2 }] }],
  labelKeys: 1,
  metrics: [{ name: 'validationRmse', count: 3, better: 'lower' }],
}

/** Answers about many jobs. */
export const jobExamples = { JobOutcomes: outcomes, JobFacets: facets }
