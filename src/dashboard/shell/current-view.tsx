import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { goTo, place } from '../place.js'
import { Loading } from '../ui/load.js'
import { Empty, Page } from '../ui/parts.js'
import { ProblemNote } from '../ui/problem.js'
import type { View } from '../view.js'
import { type FoundView, findView } from '../views.js'

interface Shown extends FoundView {
  Component: View
}

/** The views whose code is there, by their patterns. */
const loaded = new Map<string, View>()

/** Loads the view of the present place and shows it. Until it is there, the former one stays. */
export function CurrentView() {
  const { path, query } = place.value
  const found = findView(path)
  const [latest, setLatest] = useState<Shown | null>(null)
  const shownQuery = useRef(query)
  const [error, setError] = useState<unknown>()
  const [attempt, setAttempt] = useState(0)

  // not after the next frame, as an effect would: the view then asks the server for its data a frame earlier
  useLayoutEffect(() => {
    if (path === '/') return goTo('#/jobs', { replace: true })
    if (!found) return
    let isLatest = true
    found.route.load().then(
      Component => {
        loaded.set(found.route.pattern, Component)
        if (!isLatest) return
        setLatest({ ...found, Component })
        setError(undefined)
      },
      failure => isLatest && setError(failure),
    )
    return () => {
      isLatest = false
    }
  }, [path, attempt])

  if (error !== undefined) {
    return (
      <Page title="Not loaded">
        {/* a server of another version has other files */}
        <ProblemNote
          error={
            new Error(
              `This view could not be loaded. If the server was updated, reload the page. (${error})`,
            )
          }
          onRetry={() => setAttempt(attempt + 1)}
        />
      </Page>
    )
  }
  if (path !== '/' && !found) {
    return (
      <Page title="Not found">
        <Empty icon="search" title="There is nothing at this address">
          <a href="#/jobs">Go to the jobs</a>
        </Empty>
      </Page>
    )
  }
  const known = found && loaded.get(found.route.pattern)
  const shown = known ? { ...found, Component: known } : latest
  if (!shown) return <Loading label="the view" />
  const { Component } = shown
  // a view of another thing starts afresh; until it is loaded, the former view keeps what it shows
  const isCurrent = shown.route === found?.route
  if (isCurrent) shownQuery.current = query
  const params = isCurrent ? found.params : shown.params
  return (
    <Component
      key={JSON.stringify([shown.route.pattern, params])}
      params={params}
      query={shownQuery.current}
    />
  )
}
