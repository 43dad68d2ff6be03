import { type Kysely, sql } from 'kysely'

/**
 * Organizations, people, service accounts, roles, invites, spaces, chat rooms, and what answers a repeated POST.
 * Every table of a tenant carries organization_id and refers to others together with it, so that no row can point
 * into another organization. Times are kept to the millisecond, as they are written in JSON.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await statement.execute(db)
}

const STATEMENTS = [
  sql`
    create table organizations (
      id uuid primary key,
      name text not null,
      slug text not null constraint organizations_slug_key unique,
      open_signups_enabled boolean not null default false,
      created_at timestamptz(3) not null default now()
    )`,
  sql`
    create table users (
      id uuid primary key,
      -- in lower case; null for the user behind a service account, which has no password either
      email text constraint users_email_key unique,
      password_hash text,
      display_name text not null,
      created_at timestamptz(3) not null default now(),
      check ((email is null) = (password_hash is null))
    )`,
  sql`
    create table members (
      organization_id uuid not null references organizations on delete cascade,
      user_id uuid not null references users,
      created_at timestamptz(3) not null default now(),
      primary key (organization_id, user_id)
    )`,
  sql`create index members_user_id_idx on members (user_id)`,
  sql`
    create table roles (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      name text not null,
      is_system boolean not null default false,
      permissions text[] not null,
      created_at timestamptz(3) not null default now(),
      constraint roles_name_key unique (organization_id, name),
      unique (organization_id, id)
    )`,
  sql`
    create table member_roles (
      organization_id uuid not null,
      user_id uuid not null,
      role_id uuid not null,
      primary key (organization_id, user_id, role_id),
      foreign key (organization_id, user_id) references members on delete cascade,
      foreign key (organization_id, role_id) references roles (organization_id, id) on delete cascade
    )`,
  sql`create index member_roles_role_id_idx on member_roles (organization_id, role_id)`,
  sql`
    -- One login: the family of refresh tokens that descends from it. Access tokens name it and die with it.
    create table sessions (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      created_at timestamptz(3) not null default now(),
      revoked_at timestamptz(3)
    )`,
  sql`create index sessions_user_id_idx on sessions (user_id)`,
  sql`
    create table refresh_tokens (
      token_hash bytea primary key,
      session_id uuid not null references sessions on delete cascade,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      used_at timestamptz(3)
    )`,
  sql`create index refresh_tokens_session_id_idx on refresh_tokens (session_id)`,
  sql`create index refresh_tokens_expires_at_idx on refresh_tokens (expires_at)`,
  sql`
    create table service_accounts (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      user_id uuid not null constraint service_accounts_user_id_key unique references users,
      name text not null,
      created_by uuid not null references users,
      created_at timestamptz(3) not null default now(),
      provider text,
      openrouter_model text,
      cursor_default_repo_url text,
      cursor_default_ref text,
      -- SHA-256; null once the account is deleted. The row stays, so that authorship stays on record.
      token_hash bytea constraint service_accounts_token_hash_key unique,
      token_expires_at timestamptz(3),
      last_used_at timestamptz(3),
      deleted_at timestamptz(3),
      unique (organization_id, id),
      check ((token_hash is null) = (deleted_at is not null))
    )`,
  sql`
    create table invites (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      email text,
      token_hash bytea not null constraint invites_token_hash_key unique,
      created_by uuid not null references users,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null,
      accepted_at timestamptz(3),
      accepted_by uuid references users
    )`,
  sql`create index invites_organization_id_idx on invites (organization_id)`,
  sql`
    create table signup_requests (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      user_id uuid not null references users,
      status text not null default 'pending' check (status in ('pending', 'approved', 'denied')),
      created_at timestamptz(3) not null default now(),
      decided_at timestamptz(3),
      decided_by uuid references users,
      constraint signup_requests_user_key unique (organization_id, user_id)
    )`,
  sql`create index signup_requests_user_id_idx on signup_requests (user_id)`,
  sql`
    create table spaces (
      id uuid primary key,
      organization_id uuid not null references organizations on delete cascade,
      name text not null,
      description text,
      created_by uuid not null references users,
      created_at timestamptz(3) not null default now(),
      unique (organization_id, id)
    )`,
  sql`
    -- The roles that may enter a space; no row means: every member who holds a role.
    create table space_roles (
      organization_id uuid not null,
      space_id uuid not null,
      role_id uuid not null,
      primary key (organization_id, space_id, role_id),
      foreign key (organization_id, space_id) references spaces (organization_id, id) on delete cascade,
      foreign key (organization_id, role_id) references roles (organization_id, id) on delete cascade
    )`,
  sql`create index space_roles_role_id_idx on space_roles (organization_id, role_id)`,
  sql`
    create table chat_rooms (
      id uuid primary key,
      organization_id uuid not null,
      space_id uuid not null,
      name text not null,
      created_at timestamptz(3) not null default now(),
      constraint chat_rooms_name_key unique (organization_id, space_id, name),
      unique (organization_id, space_id, id),
      foreign key (organization_id, space_id) references spaces (organization_id, id) on delete cascade
    )`,
  sql`
    create table chat_messages (
      id uuid primary key,
      organization_id uuid not null,
      space_id uuid not null,
      chat_room_id uuid not null,
      author_user_id uuid references users,
      content text not null,
      metadata json not null default '{}',
      created_at timestamptz(3) not null default now(),
      foreign key (organization_id, space_id, chat_room_id)
        references chat_rooms (organization_id, space_id, id) on delete cascade
    )`,
  sql`create index chat_messages_room_idx on chat_messages (organization_id, chat_room_id, id desc)`,
  sql`
    -- The first answer to a POST that carried an Idempotency-Key, written in the transaction of what it answers.
    create table idempotency_keys (
      -- SHA-256 of who asked, the operation and the key
      id bytea primary key,
      request_hash bytea not null,
      status smallint not null,
      -- encrypted: an answer may hold a token that is shown once
      response text not null,
      created_at timestamptz(3) not null default now(),
      expires_at timestamptz(3) not null
    )`,
  sql`create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at)`,
]
