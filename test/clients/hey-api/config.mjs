/** Imports with an extension, so that Node runs the client as it is; bundlers take both. */
export default {
  input: process.env.OPENAPI,
  output: { path: process.env.OUT, module: { extension: '.ts' } },
  plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
  logs: { file: false, level: 'warn' },
}
