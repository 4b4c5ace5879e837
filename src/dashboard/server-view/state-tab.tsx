import type { ServerInfo } from '../../spec/server-info.js'
import { HealthCard } from './health-card.js'
import { QueueCard } from './queue-card.js'
import { DiskCard, RedisCard } from './storage-cards.js'
import { WorkersCard } from './workers-card.js'

interface StateTabProps {
  server: ServerInfo
  /** The last answer is old, which is said above the cards. */
  isLost: boolean
}

/** What runs, what waits, and whether the server can do its work. */
export const StateTab = ({ server, isLost }: StateTabProps) => (
  <div class="stack">
    <HealthCard server={server} />
    <WorkersCard isLost={isLost} />
    <QueueCard server={server} isLost={isLost} />
    <div class="grid">
      <DiskCard server={server} />
      <RedisCard server={server} />
    </div>
  </div>
)
