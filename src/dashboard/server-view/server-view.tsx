import { placeUrl } from '../place.js'
import { useRefresh, useResource } from '../server/resource.js'
import { client, serverUrl } from '../server/session.js'
import { LinkButton } from '../ui/button.js'
import { Loaded } from '../ui/load.js'
import { Page } from '../ui/parts.js'
import { Tabs } from '../ui/tabs.js'
import type { ViewProps } from '../view.js'
import { DetailsTab } from './details-tab.js'
import { OverallBadge } from './health-card.js'
import { StateTab } from './state-tab.js'
import { WebhooksTab } from './webhooks-tab.js'

const tabs = [
  { name: 'state', title: 'State' },
  { name: 'webhooks', title: 'Webhooks' },
  { name: 'details', title: 'Details' },
] as const

/** No event says that a worker, the disk or Redis has changed. */
const refreshMs = 5000

export default function ServerView({ query }: ViewProps) {
  const server = useResource(() => client.server.info(), [])
  useRefresh(server, refreshMs)
  const { name } = tabs.find(each => each.name === query.get('tab')) ?? tabs[0]
  return (
    <Page
      title="Server"
      beside={server.data && server.error === undefined && <OverallBadge server={server.data} />}
      actions={
        <>
          <LinkButton icon="external" href={`${serverUrl}/docs`}>
            API docs
          </LinkButton>
          <LinkButton icon="chart" href={`${serverUrl}/metrics`}>
            Metrics for Prometheus
          </LinkButton>
        </>
      }
    >
      <Tabs
        label="Parts of the view"
        current={name}
        tabs={tabs.map(tab => ({
          ...tab,
          href: placeUrl('/server', { tab: tab.name === 'state' ? null : tab.name }),
        }))}
      />
      {name === 'webhooks' ? (
        <WebhooksTab chosen={query.get('webhook')} />
      ) : (
        <Loaded of={server} label="the state of the server">
          {shown =>
            name === 'state' ? (
              <StateTab server={shown} isLost={server.error !== undefined} />
            ) : (
              <DetailsTab server={shown} />
            )
          }
        </Loaded>
      )}
    </Page>
  )
}
