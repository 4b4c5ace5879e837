import { test } from 'node:test'
import { Notifications, publishNotification } from '../../../src/jobs/queue/notifications.js'
import { blockingOptions, connect, failFastOptions } from '../../../src/jobs/queue/redis.js'
import { eventually } from '../../../testing/eventually.js'
import { startRedis } from '../../../testing/redis.js'
import { tempFolder } from '../../../testing/temp-folder.js'

test('notifications arrive again after Redis was restarted', async t => {
  const redis = await startRedis(await tempFolder(t))
  t.after(() => redis.stop())
  const publisher = connect(redis, failFastOptions, () => {})
  t.after(() => publisher.disconnect())
  const notifications = Notifications.open(
    connect(redis, blockingOptions, () => {}),
    redis.prefix,
  )
  t.after(() => notifications.close())
  let received = 0
  notifications.subscribe('job-1', () => received++)
  for (const phase of ['the start', 'the restart']) {
    const earlier = received
    await eventually(`a notification after ${phase}`, async () => {
      await publishNotification(publisher, redis.prefix, 'job-1', 'changed').catch(() => {})
      return received > earlier
    })
    await redis.stop()
    await redis.start()
  }
})
