import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { S3Bucket } from '../../../src/datasets/sources/s3-objects.js'
import type { TrainyardError } from '../../../src/errors.js'
import { eventually } from '../../../testing/eventually.js'
import { needsObjectStore, startObjectStore } from '../../../testing/object-store.js'
import { tempFolder } from '../../../testing/temp-folder.js'
import { idxFiles, startServer } from '../../../testing/test-server.js'

test('data sets are made of objects and prefixes of S3', needsObjectStore, async t => {
  const store = await startObjectStore(t, await tempFolder(t))
  const { endpoint, accessKey, secretKey } = store
  const region = 'us-east-1'
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials })
  t.after(() => client.destroy())
  await eventually('a bucket', () =>
    client.send(new CreateBucketCommand({ Bucket: 'photos' })).then(
      () => true,
      () => false,
    ),
  )
  const put = (Key: string, Body: Buffer) =>
    client.send(new PutObjectCommand({ Bucket: 'photos', Key, Body }))
  const { images, labels } = idxFiles(30)
  const noise = randomBytes(3_000_000)
  await put('digits/images', images)
  await put('digits/labels', labels)
  await put('tables/a.csv', Buffer.from('a,b\n1,2\n'))
  await put('noise', noise)
  // as an operator sets them
  process.env.AWS_ACCESS_KEY_ID = accessKey
  process.env.AWS_SECRET_ACCESS_KEY = secretKey

  await t.test('the parts of an object are its bytes', async () => {
    const bucket = new S3Bucket('photos', { endpoint, region }, new AbortController().signal)
    const object = await bucket.find('noise')
    assert.equal(object?.bytes, noise.length)
    const chunks: Uint8Array[] = []
    for await (const chunk of bucket.read(object!)) chunks.push(chunk)
    assert.ok(Buffer.concat(chunks).equals(noise))
    assert.equal(await bucket.find('absent'), null)
    const keys: string[] = []
    for await (const { key } of bucket.list('digits/')) keys.push(key)
    assert.deepEqual(keys, ['digits/images', 'digits/labels'])
    await put('noise', randomBytes(100))
    const changed = async () => {
      for await (const _ of bucket.read(object!));
    }
    await assert.rejects(changed(), (error: TrainyardError) => error.code === 'SOURCE_CHANGED')
    bucket.close()
  })

  await t.test('they are the data sets that uploads make', async () => {
    const server = await startServer({
      sources: { fetchAllow: ['s3://photos'], s3: { endpoint, region } },
    })
    try {
      const make = (url: string) =>
        server.api.post('/datasets').send({ source: { kind: 's3', url } })
      const made = await make('s3://photos/digits/')
      assert.equal(made.status, 201, made.text)
      const form = await server.api
        .post('/datasets')
        .attach('file', images, 'images')
        .attach('file', labels, 'labels')
      assert.equal(form.status, 200, form.text)
      assert.equal(form.body.id, made.body.id)
      assert.equal((await make('s3://photos/tables/a.csv')).status, 201)
      const absent = await make('s3://photos/nothing/')
      assert.equal(absent.body.code, 'SOURCE_FAILED', absent.text)
      assert.match(absent.body.detail, /there is nothing at s3:\/\/photos\/nothing\//)
      const other = await make('s3://others/a')
      assert.equal(other.body.code, 'SOURCE_REFUSED', other.text)
    } finally {
      await server.close()
    }
  })
})
