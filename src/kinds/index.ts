import { createKinds, type Kinds } from './registry.ts'
import { reverseTunnel } from './reverse-tunnel/index.ts'
import { scheduled } from './scheduled/index.ts'
import { socialPost } from './social-post/index.ts'
import { webhook } from './webhook/index.ts'

/** Every kind there is: a line each. What the rest of the program knows of one, it knows from here. */
export const KINDS: Kinds = createKinds([scheduled, webhook, socialPost, reverseTunnel])
