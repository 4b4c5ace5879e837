import { BestMetric } from '../../spec/best-metrics.js'
import { JobOutcome, JobOutcomes } from '../../spec/job-actions.js'
import { JobFacets } from '../../spec/job-facets.js'

/** Named schemas of what is said about many jobs, and of their metrics. */
export const jobSchemas = { JobOutcome, JobOutcomes, JobFacets, BestMetric }
