import type { View } from './view.js'

interface ViewRoute {
  pattern: string
  /** The entry of the navigation that is current in this view. */
  section: Section['path']
  load: () => Promise<View>
}

export interface Section {
  path: string
  title: string
  /** After `g`, the key that leads there. */
  key: string
}

export const sections: readonly Section[] = [
  { path: '/jobs', title: 'Jobs', key: 'j' },
  { path: '/datasets', title: 'Data sets', key: 'd' },
  { path: '/models', title: 'Models', key: 'm' },
  { path: '/server', title: 'Server', key: 's' },
]

const datasets = async () => (await import('./datasets/datasets-section.js')).datasetsSection
const models = async () => (await import('./models/models-section.js')).modelsSection

/** The views. The browser loads the file of a view, or of a section, when it is first needed. */
const routes: readonly ViewRoute[] = [
  {
    pattern: '/datasets',
    section: '/datasets',
    load: async () => (await datasets()).all,
  },
  {
    pattern: '/datasets/:id',
    section: '/datasets',
    load: async () => (await datasets()).one,
  },
  {
    // not below /datasets, where it would be the name of a data set
    pattern: '/new-dataset',
    section: '/datasets',
    load: async () => (await datasets()).create,
  },
  {
    pattern: '/jobs',
    section: '/jobs',
    load: async () => (await import('./jobs/jobs-view.js')).default,
  },
  {
    pattern: '/compare',
    section: '/jobs',
    load: async () => (await import('./compare/compare-view.js')).default,
  },
  // after all others that begin with /jobs: the first that matches is shown
  {
    pattern: '/jobs/new',
    section: '/jobs',
    load: async () => (await import('./new-job/new-job-view.js')).default,
  },
  {
    pattern: '/jobs/:id',
    section: '/jobs',
    load: async () => (await import('./job/job-view.js')).default,
  },
  {
    pattern: '/server',
    section: '/server',
    load: async () => (await import('./server-view/server-view.js')).default,
  },
  { pattern: '/models', section: '/models', load: async () => (await models()).all },
  { pattern: '/models/:id', section: '/models', load: async () => (await models()).one },
]

export interface FoundView {
  route: ViewRoute
  params: Record<string, string>
}

export function findView(path: string): FoundView | null {
  for (const route of routes) {
    const params = matchPath(route.pattern, path)
    if (params) return { route, params }
  }
  return null
}

/** What stands in a path for each `:name` of a pattern; null if the path does not match. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const expected = pattern.split('/')
  const given = path.split('/')
  if (expected.length !== given.length) return null
  const params: Record<string, string> = {}
  for (const [i, each] of expected.entries()) {
    if (each.startsWith(':')) {
      const value = decode(given[i]!)
      if (!value) return null
      params[each.slice(1)] = value
    } else if (each !== given[i]) return null
  }
  return params
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}
