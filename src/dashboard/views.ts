import type { View } from './view.js'

interface ViewRoute {
  pattern: string
  /** The entry of the navigation that is current in this view. */
  section: Section['path']
  load: () => Promise<{ default: View }>
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

/** The views. Each is a file of its own that the browser loads when it is first needed. */
const routes: readonly ViewRoute[] = [
  {
    pattern: '/datasets',
    section: '/datasets',
    load: () => import('./datasets/datasets-view.js'),
  },
  {
    pattern: '/datasets/:id',
    section: '/datasets',
    load: () => import('./datasets/dataset/dataset-view.js'),
  },
  {
    // not below /datasets, where it would be the name of a data set
    pattern: '/new-dataset',
    section: '/datasets',
    load: () => import('./datasets/upload/new-dataset-view.js'),
  },
  { pattern: '/jobs', section: '/jobs', load: () => import('./jobs/jobs-view.js') },
  { pattern: '/compare', section: '/jobs', load: () => import('./compare/compare-view.js') },
  // after all others that begin with /jobs: the first that matches is shown
  { pattern: '/jobs/new', section: '/jobs', load: () => import('./new-job/new-job-view.js') },
  { pattern: '/jobs/:id', section: '/jobs', load: () => import('./job/job-view.js') },
  { pattern: '/server', section: '/server', load: () => import('./server-view/server-view.js') },
  { pattern: '/models', section: '/models', load: () => import('./models/models-view.js') },
  { pattern: '/models/:id', section: '/models', load: () => import('./models/model-view.js') },
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
