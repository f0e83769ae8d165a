// What a program with the SDK for JavaScript v3 does: path style, and virtual-host style by a name
// that only our own lookup knows. Reads ENDPOINT; says "done" when all went as it must.
const assert = require("node:assert/strict");
const { Agent } = require("node:http");
const { Readable } = require("node:stream");
const { Upload } = require("@aws-sdk/lib-storage");
const { STS } = require("@aws-sdk/client-sts");
const { S3 } = require("@aws-sdk/client-s3");
const { NodeHttpHandler } = require("@smithy/node-http-handler");

const endpoint = process.env.ENDPOINT;
const settings = {
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
};
const keys = ["small", "a//b", "../../x", "x%00y", "+ &=?#", "😀/ü", "dir/", "."];
const mib = 1024 * 1024;

function lookup(_name, options, done) {
  if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }]);
  else done(null, "127.0.0.1", 4);
}

function* blocks() {
  for (let number = 0; number < 11; number += 1) yield Buffer.alloc(mib, number);
}

async function story(s3, Bucket) {
  await s3.createBucket({ Bucket });
  for (const Key of keys) {
    const put = await s3.putObject({ Bucket, Key, Body: "hello" });
    assert.equal(put.ETag, '"5d41402abc4b2a76b9719d911017c592"', Key);
    const got = await s3.getObject({ Bucket, Key, Range: "bytes=1-3" });
    assert.equal(got.ContentRange, "bytes 1-3/5");
    assert.equal(await got.Body.transformToString(), "ell");
  }
  const params = { Bucket, Key: "large", Body: Readable.from(blocks()) };
  const sent = await new Upload({ client: s3, params, partSize: 5 * mib }).done();
  assert.match(sent.ETag, /-3"$/);
  const large = await (await s3.getObject({ Bucket, Key: "large" })).Body.transformToByteArray();
  assert.equal(large.length, 11 * mib);
  assert.equal(large[11 * mib - 1], 10);
  await s3.copyObject({ Bucket, Key: "copy", CopySource: `${Bucket}/a//b` });
  const { Contents } = await s3.listObjectsV2({ Bucket });
  assert.deepEqual(new Set(Contents.map(({ Key }) => Key)), new Set([...keys, "large", "copy"]));
  assert.ok(Contents[0].LastModified instanceof Date);
  await assert.rejects(s3.headObject({ Bucket, Key: "none" }), { name: "NotFound" });
  await assert.rejects(s3.getObject({ Bucket, Key: "none" }), { name: "NoSuchKey" });
  await assert.rejects(s3.deleteBucket({ Bucket }), { name: "BucketNotEmpty" });
  const Objects = Contents.map(({ Key }) => ({ Key }));
  const { Deleted } = await s3.deleteObjects({ Bucket, Delete: { Objects } });
  assert.equal(Deleted.length, Contents.length);
  await s3.deleteBucket({ Bucket });
}

async function main() {
  await story(new S3(settings), "js-path");
  const byName = { ...settings, endpoint: `http://localhost:${new URL(endpoint).port}` };
  const requestHandler = new NodeHttpHandler({ httpAgent: new Agent({ lookup }) });
  await story(new S3({ ...byName, requestHandler }), "js-virtual");
  const { Account } = await new STS(settings).getCallerIdentity({});
  assert.equal(Account, "000000000000");
  const credentials = { accessKeyId: "test", secretAccessKey: "wrong" };
  const refused = new S3({ ...settings, credentials }).listBuckets({});
  await assert.rejects(refused, { name: "SignatureDoesNotMatch" });
  process.stdout.write("done");
}

main().catch((fault) => {
  console.error(fault);
  process.exit(1);
});
