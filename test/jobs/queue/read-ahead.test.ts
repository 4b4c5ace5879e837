import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Redis } from 'ioredis'
import { JobSearch } from '../../../src/jobs/queue/job-search.js'
import { redisNames } from '../../../src/jobs/queue/redis.js'
import { startRedis } from '../../../testing/redis.js'
import { tempFolder } from '../../../testing/temp-folder.js'

test('what was read ahead needs no document to be listed', async () => {
  const server = await startRedis(await tempFolder({ after }))
  const redis = new Redis(server.connection)
  after(async () => {
    redis.disconnect()
    await server.stop()
  })
  const names = redisNames(server.prefix)
  const ids = ['job-a', 'job-b', 'job-c']
  for (const id of ids) {
    const document = { tags: [`name:${id}`], name: id, training: {}, steps: 10 }
    await redis.zadd(names.jobs, 0, id)
    await redis.hset(names.documents, id, `0:${JSON.stringify(document)}`)
    await redis.hset(names.states, id, `1:succeeded:${JSON.stringify({ step: 10, metrics: {} })}`)
    await redis.hset(names.digests, id, `digest of ${id}`.replaceAll(' ', '-'))
  }
  const search = new JobSearch(redis, server.prefix)
  await search.readAhead(new AbortController().signal)
  await redis.del(names.documents)
  const rows = await search.rows(ids)
  assert.deepEqual(
    rows.map(({ name }) => name),
    ids,
  )
  assert.deepEqual(await new JobSearch(redis, server.prefix).rows(ids), [])
})
