// Uploads a file with tus-js-client, as a page would; prints one line of JSON.
// node upload.mjs <folder with node_modules> <file> <endpoint> <metadata as JSON> <chunk bytes>
import { createRequire } from 'node:module'
import fs from 'node:fs'

const [modules, file, endpoint, metadata, chunkSize] = process.argv.slice(2)
const tus = createRequire(`${modules}/`)('tus-js-client')
let retries = 0
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  uploadSize: fs.statSync(file).size,
  metadata: JSON.parse(metadata),
  chunkSize: Number(chunkSize),
  retryDelays: [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000],
  onShouldRetry: () => { retries += 1; return true },
  onError: (error) => console.log(JSON.stringify({ error: error.message, retries })),
  onSuccess: ({ lastResponse }) =>
    console.log(JSON.stringify({ url: upload.url, retries, result: lastResponse.getHeader('Upload-Result') })),
})
upload.start()
