import type { WebhookEvent } from '../../spec/webhook.js'

export const eventTitles: Readonly<Record<WebhookEvent, string>> = {
  'job.queued': 'job queued',
  'job.running': 'job running',
  'job.paused': 'job paused',
  'job.succeeded': 'job succeeded',
  'job.failed': 'job failed',
  'job.cancelled': 'job cancelled',
  'model.aliasMoved': 'alias moved',
  'model.aliasDeleted': 'alias deleted',
  'model.promoted': 'model promoted',
  'model.rolledBack': 'model rolled back',
}
