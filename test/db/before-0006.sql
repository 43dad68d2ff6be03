SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.audit_log_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    begin
      raise exception 'the audit log is append-only' using errcode = 'restrict_violation';
    end $$;
CREATE FUNCTION public.automation_revisions_are_immutable() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    begin
      if tg_op = 'DELETE' and not exists (
        select from automations where organization_id = old.organization_id and id = old.automation_id
      ) then
        return old;
      end if;
      raise exception 'a revision of an automation is immutable' using errcode = 'restrict_violation';
    end $$;
CREATE FUNCTION public.automations_active_is_approved() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    declare
      content record;
      automation record;
    begin
      select status, revision, approved_digest, created_by_service_account_id, reviewed_by_user_id, reviewed_revision
        into automation
        from automations where organization_id = new.organization_id and id = new.id;
      if not found or automation.status <> 'active' then
        return null;
      end if;
      select digest, authored_by_service_account_id into content
        from automation_revisions
       where organization_id = new.organization_id and automation_id = new.id and revision = automation.revision;
      if automation.approved_digest is distinct from content.digest then
        raise exception 'an automation is active only with the digest that was approved'
          using errcode = 'check_violation', constraint = 'automations_active_is_approved';
      end if;
      if automation.created_by_service_account_id is not null and automation.reviewed_by_user_id is null
        or content.authored_by_service_account_id is not null
           and automation.reviewed_revision is distinct from automation.revision then
        raise exception 'what a service account wrote is active only with a reviewer'
          using errcode = 'check_violation', constraint = 'automations_active_is_approved';
      end if;
      if exists (select from service_accounts where user_id = automation.reviewed_by_user_id) then
        raise exception 'a service account reviews nothing'
          using errcode = 'check_violation', constraint = 'automations_active_is_approved';
      end if;
      return null;
    end $$;
CREATE FUNCTION public.space_events_of_automations() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    begin
      if tg_op = 'INSERT' then
        insert into space_events (organization_id, space_id, type, automation_id, status)
        select organization_id, space_id, 'automation.created', id, status from new_rows;
      elsif tg_op = 'DELETE' then
        insert into space_events (organization_id, space_id, type, automation_id, status)
        select organization_id, space_id, 'automation.deleted', id, status from old_rows;
      else
        -- The scheduler plans the next time of what it starts; the run of it is news enough.
        insert into space_events (organization_id, space_id, type, automation_id, status)
        select n.organization_id, n.space_id, 'automation.updated', n.id, n.status
          from new_rows n join old_rows o on o.id = n.id
         where (n.version, n.updated_at) is distinct from (o.version, o.updated_at);
      end if;
      return null;
    end $$;
CREATE FUNCTION public.space_events_of_runs() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    begin
      insert into space_events (organization_id, space_id, type, automation_id, run_id, status)
      select organization_id, space_id, case tg_op when 'INSERT' then 'run.created' else 'run.updated' end,
             automation_id, id, status
        from new_rows;
      return null;
    end $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.audit_heads (
    organization_id uuid NOT NULL,
    sequence bigint NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.audit_log (
    organization_id uuid NOT NULL,
    sequence bigint NOT NULL,
    entry text NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL,
    at timestamp(3) with time zone NOT NULL,
    action text NOT NULL,
    actor_id uuid,
    target_id uuid
);
CREATE TABLE public.automation_policies (
    organization_id uuid NOT NULL,
    require_digest_on_approval boolean DEFAULT false NOT NULL,
    approver_must_differ_from_editor boolean DEFAULT false NOT NULL,
    max_pending_per_service_account integer DEFAULT 50 NOT NULL,
    kinds_allowed_for_service_accounts text[] DEFAULT '{social_post,reverse_tunnel,scheduled,webhook}'::text[] NOT NULL,
    proposal_expires_after_days integer DEFAULT 30 NOT NULL,
    CONSTRAINT automation_policies_max_pending_per_service_account_check CHECK (((max_pending_per_service_account >= 0) AND (max_pending_per_service_account <= 10000))),
    CONSTRAINT automation_policies_proposal_expires_after_days_check CHECK (((proposal_expires_after_days >= 1) AND (proposal_expires_after_days <= 3650)))
);
CREATE TABLE public.automation_revisions (
    organization_id uuid NOT NULL,
    automation_id uuid NOT NULL,
    revision integer NOT NULL,
    name text NOT NULL,
    config json NOT NULL,
    description text,
    credential_version integer,
    digest text NOT NULL,
    authored_by_user_id uuid,
    authored_by_service_account_id uuid,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    CONSTRAINT automation_revisions_check CHECK ((num_nonnulls(authored_by_user_id, authored_by_service_account_id) = 1)),
    CONSTRAINT automation_revisions_config_check CHECK ((json_typeof(config) = 'object'::text)),
    CONSTRAINT automation_revisions_digest_check CHECK ((digest ~ '^sha256:[0-9a-f]{64}$'::text)),
    CONSTRAINT automation_revisions_name_check CHECK ((name ~ '\S'::text)),
    CONSTRAINT automation_revisions_revision_check CHECK ((revision > 0))
);
CREATE TABLE public.automation_runs (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    space_id uuid NOT NULL,
    automation_id uuid NOT NULL,
    revision integer NOT NULL,
    digest text NOT NULL,
    trigger text NOT NULL,
    status text NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    scheduled_for timestamp(3) with time zone,
    note text,
    requested_by_user_id uuid,
    retry_of_run_id uuid,
    started_at timestamp(3) with time zone,
    finished_at timestamp(3) with time zone,
    error_message text,
    external_ref text,
    output json,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    event_id uuid,
    CONSTRAINT automation_runs_check CHECK (((trigger = 'schedule'::text) = (scheduled_for IS NOT NULL))),
    CONSTRAINT automation_runs_check1 CHECK (((status = ANY (ARRAY['queued'::text, 'running'::text])) = (finished_at IS NULL))),
    CONSTRAINT automation_runs_status_check CHECK ((status = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text, 'skipped'::text, 'unknown'::text]))),
    CONSTRAINT automation_runs_trigger_check CHECK ((trigger = ANY (ARRAY['schedule'::text, 'manual'::text, 'webhook'::text, 'retry'::text, 'tunnel'::text])))
);
CREATE TABLE public.automation_secrets (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    automation_id uuid NOT NULL,
    purpose text NOT NULL,
    ciphertext text NOT NULL,
    valid_until timestamp(3) with time zone,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    CONSTRAINT automation_secrets_purpose_check CHECK ((purpose = ANY (ARRAY['webhook'::text, 'signing'::text])))
);
CREATE TABLE public.automations (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    space_id uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    revision integer NOT NULL,
    last_revision integer DEFAULT 1 NOT NULL,
    approved_digest text,
    pending_revision integer,
    proposal_revision integer,
    created_by_user_id uuid,
    created_by_service_account_id uuid,
    owner_user_id uuid,
    reviewed_by_user_id uuid,
    reviewed_revision integer,
    reviewed_at timestamp(3) with time zone,
    rejection_reason text,
    rejection_code text,
    rejection_paths text[],
    last_run_at timestamp(3) with time zone,
    last_error text,
    oauth_token_ciphertext text,
    oauth_token_version integer DEFAULT 0 NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    updated_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    next_run_at timestamp(3) with time zone,
    next_planned_at timestamp(3) with time zone,
    consecutive_failures integer DEFAULT 0 NOT NULL,
    CONSTRAINT automations_check CHECK ((num_nonnulls(created_by_user_id, created_by_service_account_id) = 1)),
    CONSTRAINT automations_check1 CHECK ((num_nulls(reviewed_by_user_id, reviewed_revision, reviewed_at) = ANY (ARRAY[0, 3]))),
    CONSTRAINT automations_check2 CHECK (((pending_revision IS NULL) OR (status = ANY (ARRAY['active'::text, 'paused'::text])))),
    CONSTRAINT automations_kind_check CHECK ((kind = ANY (ARRAY['social_post'::text, 'reverse_tunnel'::text, 'scheduled'::text, 'webhook'::text]))),
    CONSTRAINT automations_planned_while_active CHECK (((next_run_at IS NULL) OR ((status = 'active'::text) AND (next_planned_at IS NOT NULL)))),
    CONSTRAINT automations_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'pending_approval'::text, 'active'::text, 'paused'::text, 'rejected'::text])))
);
CREATE TABLE public.chat_messages (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    space_id uuid NOT NULL,
    chat_room_id uuid NOT NULL,
    author_user_id uuid,
    content text NOT NULL,
    metadata json DEFAULT '{}'::json NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.chat_rooms (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    space_id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.idempotency_keys (
    id bytea NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    response text NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL
);
CREATE TABLE public.invites (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    email text,
    token_hash bytea NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL,
    accepted_at timestamp(3) with time zone,
    accepted_by uuid
);
CREATE TABLE public.kysely_migration (
    name character varying(255) NOT NULL,
    "timestamp" character varying(255) NOT NULL
);
CREATE TABLE public.kysely_migration_lock (
    id character varying(255) NOT NULL,
    is_locked integer DEFAULT 0 NOT NULL
);
CREATE TABLE public.member_roles (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role_id uuid NOT NULL
);
CREATE TABLE public.members (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.organizations (
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL,
    open_signups_enabled boolean DEFAULT false NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.refresh_tokens (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    expires_at timestamp(3) with time zone NOT NULL,
    used_at timestamp(3) with time zone
);
CREATE TABLE public.roles (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    is_system boolean DEFAULT false NOT NULL,
    permissions text[] NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.service_accounts (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    provider text,
    openrouter_model text,
    cursor_default_repo_url text,
    cursor_default_ref text,
    token_hash bytea,
    token_expires_at timestamp(3) with time zone,
    last_used_at timestamp(3) with time zone,
    deleted_at timestamp(3) with time zone,
    CONSTRAINT service_accounts_check CHECK (((token_hash IS NULL) = (deleted_at IS NOT NULL)))
);
CREATE TABLE public.sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp(3) with time zone
);
CREATE TABLE public.signup_requests (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    decided_at timestamp(3) with time zone,
    decided_by uuid,
    CONSTRAINT signup_requests_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'denied'::text])))
);
CREATE TABLE public.space_events (
    organization_id uuid NOT NULL,
    space_id uuid NOT NULL,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id bigint NOT NULL,
    type text NOT NULL,
    automation_id uuid NOT NULL,
    run_id uuid,
    status text NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    CONSTRAINT space_events_type_check CHECK ((type = ANY (ARRAY['automation.created'::text, 'automation.updated'::text, 'automation.deleted'::text, 'run.created'::text, 'run.updated'::text])))
);
ALTER TABLE public.space_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.space_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.space_roles (
    organization_id uuid NOT NULL,
    space_id uuid NOT NULL,
    role_id uuid NOT NULL
);
CREATE TABLE public.spaces (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    created_by uuid NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.users (
    id uuid NOT NULL,
    email text,
    password_hash text,
    display_name text NOT NULL,
    created_at timestamp(3) with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_check CHECK (((email IS NULL) = (password_hash IS NULL)))
);
CREATE TABLE public.webhook_events (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    space_id uuid NOT NULL,
    automation_id uuid NOT NULL,
    event_key text,
    type text,
    status text NOT NULL,
    headers json NOT NULL,
    body json,
    body_bytes integer NOT NULL,
    run_id uuid,
    received_at timestamp(3) with time zone NOT NULL,
    CONSTRAINT webhook_events_status_check CHECK ((status = ANY (ARRAY['accepted'::text, 'filtered'::text, 'ignored'::text])))
);
CREATE TABLE public.webhooks (
    hook_id text NOT NULL,
    organization_id uuid NOT NULL,
    automation_id uuid NOT NULL
);
INSERT INTO public.audit_heads VALUES
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 19, '65de2ded326d5bd3c0274acbe78e71597ee5db9b2196614fc7349063d2b5af9e', '4eeff95a5cf21807983f8be3153538745efcfbf74205f776c7df03d69b5b0947'),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', 2, 'e1827401fc4ff655ce9ee8e104a74109fd8acb584305b606f5a98792424a6e2d', '71fdb5d857777856b7ea519463a963e14a468e20068c53afe52233f322d45825');
INSERT INTO public.audit_log VALUES
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 1, '{"action":"automation.created","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:53.822Z","details":{"credential":"set","digest":"sha256:b520bc50b71f62be2f3a3e5789b116d4fa80d6508824280f5ecb0b43ea9a485d","kind":"scheduled","name":"Credentials","revision":1,"status":"active"},"request_id":"5d0aaad3-4f2d-4506-ada5-2c7a67fc3f72","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d449-72de-8330-42eb4dc339e5","type":"automation"}}', '', '39601a91097757dc3e4f3e70650ebd3b2bf4d784c2f5e060102ad49e557bd805', '2026-11-25 19:50:53.822+00', 'automation.created', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d449-72de-8330-42eb4dc339e5'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 2, '{"action":"automation.updated","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:53.880Z","details":{"after":{"digest":"sha256:35b06320db2530ba96ea796de92fcdc601256d16854b3bf412e9226b455e208b","status":"active"},"before":{"digest":"sha256:b520bc50b71f62be2f3a3e5789b116d4fa80d6508824280f5ecb0b43ea9a485d","status":"active"},"credential":"set","revision":2},"request_id":"8f648c9a-13da-4b4b-8eef-fbded5810393","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d449-72de-8330-42eb4dc339e5","type":"automation"}}', '39601a91097757dc3e4f3e70650ebd3b2bf4d784c2f5e060102ad49e557bd805', '20bf9d3ad5a4b4af344d2819005b381b203f3a44f9ed31e7117b6bf0e8c02b43', '2026-11-25 19:50:53.88+00', 'automation.updated', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d449-72de-8330-42eb4dc339e5'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 3, '{"action":"automation.signing_secret_set","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:53.893Z","details":{"previous_valid_until":null,"secret_id":"01a21442-d4c3-7636-bf91-33e8d7ccfc59"},"request_id":"269e5250-0a28-4f1d-b805-c6378064ff9b","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d449-72de-8330-42eb4dc339e5","type":"automation"}}', '20bf9d3ad5a4b4af344d2819005b381b203f3a44f9ed31e7117b6bf0e8c02b43', '6fc30a171b8a85e51ff23bd9c24f6cd6724430ca5332623aae2cdef086e1af01', '2026-11-25 19:50:53.893+00', 'automation.signing_secret_set', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d449-72de-8330-42eb4dc339e5'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 4, '{"action":"automation.signing_secret_set","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:53.902Z","details":{"previous_valid_until":"2026-11-26T19:50:53.900Z","secret_id":"01a21442-d4cd-7663-a340-ba6b3c19ab6f"},"request_id":"748300dd-2db3-4dc3-b742-4179a0a7eed7","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d449-72de-8330-42eb4dc339e5","type":"automation"}}', '6fc30a171b8a85e51ff23bd9c24f6cd6724430ca5332623aae2cdef086e1af01', 'cd17c20e47bca3d30cafcfd95c628845d28a235ea1374c256629d614e0c2a78e', '2026-11-25 19:50:53.902+00', 'automation.signing_secret_set', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d449-72de-8330-42eb4dc339e5'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 5, '{"action":"automation.created","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:53.958Z","details":{"digest":"sha256:25e1017c087588df76daa58215463448c9a9813fef896e1a131214deb09c97c6","kind":"webhook","name":"Hook","revision":1,"status":"active"},"request_id":"cd85abfc-a190-4ff2-985a-a209860fb77c","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d4f0-7624-9b0c-a0eefc281bd0","type":"automation"}}', 'cd17c20e47bca3d30cafcfd95c628845d28a235ea1374c256629d614e0c2a78e', 'de1332c87b16dbcddbc40ef55ed34a72772ac35e02c5a621bf92fcdca0701c76', '2026-11-25 19:50:53.958+00', 'automation.created', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d4f0-7624-9b0c-a0eefc281bd0'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 6, '{"action":"automation.webhook_secret_set","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:53.966Z","details":{"previous_valid_until":null,"secret_id":"01a21442-d50d-7513-9085-9520768f0904"},"request_id":"1e2a7e5d-00b6-4e1c-9857-17524673ce69","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d4f0-7624-9b0c-a0eefc281bd0","type":"automation"}}', 'de1332c87b16dbcddbc40ef55ed34a72772ac35e02c5a621bf92fcdca0701c76', 'd6aa39e9915948deb838adb0ffaa785cad52bc424601056505285d40a1ccc0a0', '2026-11-25 19:50:53.966+00', 'automation.webhook_secret_set', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d4f0-7624-9b0c-a0eefc281bd0'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 7, '{"action":"automation.created","actor":{"id":"01a21442-d424-72f1-aaa3-143fd40ceba2","type":"service_account"},"at":"2026-11-25T19:50:53.999Z","details":{"digest":"sha256:1d6eabc13202502c167262aeff64a121a5db2bc02be6e6f5620e4fb830226527","kind":"scheduled","name":"Proposed","revision":1,"status":"pending_approval"},"request_id":"716135ae-ab18-4e47-817d-a14a753255f7","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d52d-7708-a165-b9fa0c3a56e4","type":"automation"}}', 'd6aa39e9915948deb838adb0ffaa785cad52bc424601056505285d40a1ccc0a0', '952585a6d0d10376cbf707b5b378858fce9d63e9d2b9e51d70d2ad571812f1a0', '2026-11-25 19:50:53.999+00', 'automation.created', '01a21442-d424-72f1-aaa3-143fd40ceba2', '01a21442-d52d-7708-a165-b9fa0c3a56e4'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 8, '{"action":"automation.approved","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:54.008Z","details":{"after":"sha256:1d6eabc13202502c167262aeff64a121a5db2bc02be6e6f5620e4fb830226527","before":"sha256:1d6eabc13202502c167262aeff64a121a5db2bc02be6e6f5620e4fb830226527","revision":1,"status":"active"},"request_id":"d57e472e-8a8c-487c-9959-165486aaa814","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d52d-7708-a165-b9fa0c3a56e4","type":"automation"}}', '952585a6d0d10376cbf707b5b378858fce9d63e9d2b9e51d70d2ad571812f1a0', 'f3d08b7c1bdbf697f89e577dcabd0c22dbe2dbe90c61524b57c0480f21c0ae4c', '2026-11-25 19:50:54.008+00', 'automation.approved', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d52d-7708-a165-b9fa0c3a56e4'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 9, '{"action":"automation.updated","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:54.018Z","details":{"after":{"digest":"sha256:7e694bfd1d9eafb9502a57b9f8326ed0d32ff1cd69533583ffd12071d21e0645","status":"active"},"before":{"digest":"sha256:1d6eabc13202502c167262aeff64a121a5db2bc02be6e6f5620e4fb830226527","status":"active"},"credential":"set","revision":2},"request_id":"0cba54ba-6c74-4924-a428-8fed2853fd25","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d52d-7708-a165-b9fa0c3a56e4","type":"automation"}}', 'f3d08b7c1bdbf697f89e577dcabd0c22dbe2dbe90c61524b57c0480f21c0ae4c', '9df85e70d1529343a3c503c413e1f913aa355067c4310a0c09b17d7fcb496fad', '2026-11-25 19:50:54.018+00', 'automation.updated', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d52d-7708-a165-b9fa0c3a56e4'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 10, '{"action":"proposal.submitted","actor":{"id":"01a21442-d424-72f1-aaa3-143fd40ceba2","type":"service_account"},"at":"2026-11-25T19:50:54.026Z","details":{"digest":"sha256:1d20f9f280d33f69644c586f5a48f2f75fc2b499bcffff5dae47ea54fdfc4077","revision":3},"request_id":"cfbe7bec-c082-43fe-a4ad-1e3bf3e0ac00","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d52d-7708-a165-b9fa0c3a56e4","type":"automation"}}', '9df85e70d1529343a3c503c413e1f913aa355067c4310a0c09b17d7fcb496fad', 'f07f6f3250fb3500fe9cddc669046dc5d5059379e9b8a45f5b7cf72b62c77635', '2026-11-25 19:50:54.026+00', 'proposal.submitted', '01a21442-d424-72f1-aaa3-143fd40ceba2', '01a21442-d52d-7708-a165-b9fa0c3a56e4'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 11, '{"action":"automation.created","actor":{"id":"01a21442-d424-72f1-aaa3-143fd40ceba2","type":"service_account"},"at":"2026-11-25T19:50:54.042Z","details":{"digest":"sha256:12f6ada85513a4ab82d3153c8eb17c1f333c10720f980de04dd13291ca243b3f","kind":"social_post","name":"Waiting","revision":1,"status":"pending_approval"},"request_id":"c3c4d192-f8b6-4e85-9d55-1b95d138886f","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d54f-7084-a875-03d110cd5577","type":"automation"}}', 'f07f6f3250fb3500fe9cddc669046dc5d5059379e9b8a45f5b7cf72b62c77635', 'd7aed7d19059f58405f09728cf740c4a2faa76ccac29bac1abefa5fc6e3f91d8', '2026-11-25 19:50:54.042+00', 'automation.created', '01a21442-d424-72f1-aaa3-143fd40ceba2', '01a21442-d54f-7084-a875-03d110cd5577'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 12, '{"action":"automation.created","actor":{"id":"01a21442-d424-72f1-aaa3-143fd40ceba2","type":"service_account"},"at":"2026-11-25T19:50:54.060Z","details":{"digest":"sha256:a5e2516fcef89cbba089becbfc9e1b50ef8bbfe8f89faea2f4ecca2d9be0171b","kind":"reverse_tunnel","name":"Rejected","revision":1,"status":"pending_approval"},"request_id":"afc8a52d-00a7-4d92-807c-df80ef0dfa45","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d560-76cb-8b55-6b01762ee1d2","type":"automation"}}', 'd7aed7d19059f58405f09728cf740c4a2faa76ccac29bac1abefa5fc6e3f91d8', '9fdd4f510e3ea0cc5af6030b3d2768fb2e135aaeb6b2bb1227b57d7b2ee81d3c', '2026-11-25 19:50:54.06+00', 'automation.created', '01a21442-d424-72f1-aaa3-143fd40ceba2', '01a21442-d560-76cb-8b55-6b01762ee1d2'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 13, '{"action":"automation.rejected","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:54.067Z","details":{"code":"no","digest":"sha256:a5e2516fcef89cbba089becbfc9e1b50ef8bbfe8f89faea2f4ecca2d9be0171b","revision":1,"status":"rejected"},"request_id":"5235d4bb-5f8e-4538-949b-dedc16fcad9b","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d560-76cb-8b55-6b01762ee1d2","type":"automation"}}', '9fdd4f510e3ea0cc5af6030b3d2768fb2e135aaeb6b2bb1227b57d7b2ee81d3c', 'e4b7c51eee7555b51c9498f631c2ad6d6bad09d31b45414b0dc081c819554bce', '2026-11-25 19:50:54.067+00', 'automation.rejected', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d560-76cb-8b55-6b01762ee1d2'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 14, '{"action":"automation.created","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:54.074Z","details":{"credential":"set","digest":"sha256:aab82f7d55b3cdaec0fd10012fdcb555b48b68c14e8e88db4d4e5685701300d7","kind":"scheduled","name":"Paused","revision":1,"status":"active"},"request_id":"2894538b-8c42-40c7-8ea0-598242b328d2","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d578-77f4-9ece-9f210266ff01","type":"automation"}}', 'e4b7c51eee7555b51c9498f631c2ad6d6bad09d31b45414b0dc081c819554bce', '8b34851d77b681bc7edcbcb749607fcc5019b5f7958f19ee0c1918856819e92e', '2026-11-25 19:50:54.074+00', 'automation.created', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d578-77f4-9ece-9f210266ff01'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 15, '{"action":"automation.updated","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:54.081Z","details":{"after":{"digest":"sha256:df59b536656aaebd0086e1b444bf4d2761eba25a00526b8608c8bb7b454dc5f4","status":"paused"},"before":{"digest":"sha256:aab82f7d55b3cdaec0fd10012fdcb555b48b68c14e8e88db4d4e5685701300d7","status":"active"},"credential":"removed","revision":2},"request_id":"d11482a8-b3d4-4114-9a6c-8ce0a32f9162","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d578-77f4-9ece-9f210266ff01","type":"automation"}}', '8b34851d77b681bc7edcbcb749607fcc5019b5f7958f19ee0c1918856819e92e', 'e970c13a4a6eb8e275b4c3b9994ab675d0cc5737781264ff7a78fb3ee4b8aee4', '2026-11-25 19:50:54.081+00', 'automation.updated', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d578-77f4-9ece-9f210266ff01'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 16, '{"action":"automation.created","actor":{"id":"01a21442-d42a-76aa-a52f-99682b589bf7","type":"user"},"at":"2026-11-25T19:50:54.087Z","details":{"credential":"set","digest":"sha256:a59e2eb9559a6aed201bb0c687b8de856955183bfd0881df70f4fb170a75cc66","kind":"reverse_tunnel","name":"Draft","revision":1,"status":"draft"},"request_id":"d64d1359-b1e3-4d0f-b4ca-985028eb886f","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d586-729c-87a7-1ece56620055","type":"automation"}}', 'e970c13a4a6eb8e275b4c3b9994ab675d0cc5737781264ff7a78fb3ee4b8aee4', '2c077e20ac50ba05b48ae7dc47bea8d1dbea25bc355e24bfdb373ac85e1bfd53', '2026-11-25 19:50:54.087+00', 'automation.created', '01a21442-d42a-76aa-a52f-99682b589bf7', '01a21442-d586-729c-87a7-1ece56620055'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 17, '{"action":"automation.created","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:54.110Z","details":{"digest":"sha256:454960a653b93285a0987f8e4709fd9f2533e42a44013374c8c95ed47c03bb1c","kind":"scheduled","name":"Requests","revision":1,"status":"active"},"request_id":"80ca5c08-4a33-420d-bf84-c60e32fc453d","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d58c-772b-84c4-d385b1a1c2ab","type":"automation"}}', '2c077e20ac50ba05b48ae7dc47bea8d1dbea25bc355e24bfdb373ac85e1bfd53', '6a03cd5e6f34afc1199d603d8fe6c8e887c15f334d2f2319ab3f4e319412a6c7', '2026-11-25 19:50:54.11+00', 'automation.created', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d58c-772b-84c4-d385b1a1c2ab'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 18, '{"action":"automation.created","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:54.118Z","details":{"digest":"sha256:e188e9ce701096f894763b690b74040f71212334211ca2f6804edf63b26970ff","kind":"scheduled","name":"Requests anywhere","revision":1,"status":"active"},"request_id":"ba8c0f39-647a-4c0b-a809-384dbd5b7dc7","space_id":"01a21442-d3de-7250-829d-8ca8ad2be38e","target":{"id":"01a21442-d5a4-7501-8407-e9fd5edf0b4a","type":"automation"}}', '6a03cd5e6f34afc1199d603d8fe6c8e887c15f334d2f2319ab3f4e319412a6c7', '65de2ded326d5bd3c0274acbe78e71597ee5db9b2196614fc7349063d2b5af9e', '2026-11-25 19:50:54.118+00', 'automation.created', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d5a4-7501-8407-e9fd5edf0b4a'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 19, '{"action":"policy.updated","actor":{"id":"01a21442-d400-7077-9c59-7d770df3c394","type":"user"},"at":"2026-11-25T19:50:54.138Z","details":{"max_pending_per_service_account":7},"request_id":"d4c0b490-23c8-42ce-9ce3-963aeebfab16","space_id":null,"target":{"id":"01a21442-d3dd-7580-baa9-ea2f6b123441","type":"automation_policy"}}', '65de2ded326d5bd3c0274acbe78e71597ee5db9b2196614fc7349063d2b5af9e', '4eeff95a5cf21807983f8be3153538745efcfbf74205f776c7df03d69b5b0947', '2026-11-25 19:50:54.138+00', 'policy.updated', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d3dd-7580-baa9-ea2f6b123441'),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', 1, '{"action":"policy.updated","actor":{"id":"01a21442-d5c1-7025-8f3e-5918398494c2","type":"user"},"at":"2026-11-25T19:50:54.150Z","details":{"kinds_allowed_for_service_accounts":["webhook"]},"request_id":"783a65fa-b82a-418f-aec2-0b53da289b20","space_id":null,"target":{"id":"01a21442-d5c0-7382-9d2d-58e990b6029f","type":"automation_policy"}}', '', 'e1827401fc4ff655ce9ee8e104a74109fd8acb584305b606f5a98792424a6e2d', '2026-11-25 19:50:54.15+00', 'policy.updated', '01a21442-d5c1-7025-8f3e-5918398494c2', '01a21442-d5c0-7382-9d2d-58e990b6029f'),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', 2, '{"action":"automation.created","actor":{"id":"01a21442-d5c1-7025-8f3e-5918398494c2","type":"user"},"at":"2026-11-25T19:50:54.156Z","details":{"credential":"set","digest":"sha256:13235aa8fd4b357e61ad6b13a5d1a24e5efec5a4c63322d73247585d520081fe","kind":"webhook","name":"Elsewhere","revision":1,"status":"draft"},"request_id":"dc289cfa-65de-4af9-b14a-8e2075093046","space_id":"01a21442-d5c0-7382-9d2d-5e5f278e6b8b","target":{"id":"01a21442-d5ca-7750-8653-a7ee4df6dd8a","type":"automation"}}', 'e1827401fc4ff655ce9ee8e104a74109fd8acb584305b606f5a98792424a6e2d', '71fdb5d857777856b7ea519463a963e14a468e20068c53afe52233f322d45825', '2026-11-25 19:50:54.156+00', 'automation.created', '01a21442-d5c1-7025-8f3e-5918398494c2', '01a21442-d5ca-7750-8653-a7ee4df6dd8a');
INSERT INTO public.automation_policies VALUES
	('01a21442-d3dd-7580-baa9-ea2f6b123441', false, false, 7, '{social_post,reverse_tunnel,scheduled,webhook}', 30),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', false, false, 50, '{webhook}', 30);
INSERT INTO public.automation_revisions VALUES
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d449-72de-8330-42eb4dc339e5', 1, 'Credentials', '{"cron":"0 9 * * *","zeta":1,"alpha":2,"message":"hi"}', NULL, 1, 'sha256:b520bc50b71f62be2f3a3e5789b116d4fa80d6508824280f5ecb0b43ea9a485d', '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:53.765+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d449-72de-8330-42eb4dc339e5', 2, 'Credentials', '{"cron":"0 9 * * *","zeta":1,"alpha":2,"message":"hi"}', NULL, 2, 'sha256:35b06320db2530ba96ea796de92fcdc601256d16854b3bf412e9226b455e208b', '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:53.873+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', 1, 'Hook', '{"verification":"github","message":"{{ event.body.n }}"}', NULL, NULL, 'sha256:25e1017c087588df76daa58215463448c9a9813fef896e1a131214deb09c97c6', '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:53.935+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d52d-7708-a165-b9fa0c3a56e4', 1, 'Proposed', '{"every":"PT1H","message":"x","proposal_note":"why"}', NULL, NULL, 'sha256:1d6eabc13202502c167262aeff64a121a5db2bc02be6e6f5620e4fb830226527', NULL, '01a21442-d424-72f1-aaa3-143fd40ceba2', '2026-11-25 19:50:53.995+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d52d-7708-a165-b9fa0c3a56e4', 2, 'Proposed', '{"every":"PT1H","message":"x","proposal_note":"why"}', NULL, 1, 'sha256:7e694bfd1d9eafb9502a57b9f8326ed0d32ff1cd69533583ffd12071d21e0645', '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:54.014+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d52d-7708-a165-b9fa0c3a56e4', 3, 'Proposed anew', '{"every":"PT1H","message":"x","proposal_note":"why"}', NULL, 1, 'sha256:1d20f9f280d33f69644c586f5a48f2f75fc2b499bcffff5dae47ea54fdfc4077', NULL, '01a21442-d424-72f1-aaa3-143fd40ceba2', '2026-11-25 19:50:54.023+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d54f-7084-a875-03d110cd5577', 1, 'Waiting', '{"provider":"x"}', NULL, NULL, 'sha256:12f6ada85513a4ab82d3153c8eb17c1f333c10720f980de04dd13291ca243b3f', NULL, '01a21442-d424-72f1-aaa3-143fd40ceba2', '2026-11-25 19:50:54.03+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d560-76cb-8b55-6b01762ee1d2', 1, 'Rejected', '{}', NULL, NULL, 'sha256:a5e2516fcef89cbba089becbfc9e1b50ef8bbfe8f89faea2f4ecca2d9be0171b', NULL, '01a21442-d424-72f1-aaa3-143fd40ceba2', '2026-11-25 19:50:54.047+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d578-77f4-9ece-9f210266ff01', 1, 'Paused', '{"cron":"* * * * *","missed":"all"}', NULL, 1, 'sha256:aab82f7d55b3cdaec0fd10012fdcb555b48b68c14e8e88db4d4e5685701300d7', '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:54.071+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d578-77f4-9ece-9f210266ff01', 2, 'Paused', '{"cron":"* * * * *","missed":"all"}', NULL, NULL, 'sha256:df59b536656aaebd0086e1b444bf4d2761eba25a00526b8608c8bb7b454dc5f4', '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:54.078+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d586-729c-87a7-1ece56620055', 1, 'Draft', '{}', NULL, 1, 'sha256:a59e2eb9559a6aed201bb0c687b8de856955183bfd0881df70f4fb170a75cc66', '01a21442-d42a-76aa-a52f-99682b589bf7', NULL, '2026-11-25 19:50:54.086+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d58c-772b-84c4-d385b1a1c2ab', 1, 'Requests', '{"cron":"0 1 * * *","action":{"type":"http_request","url":"https://Hooks.example.com:8443/x?y","headers":{"authorization":"Bearer x"}}}', NULL, NULL, 'sha256:454960a653b93285a0987f8e4709fd9f2533e42a44013374c8c95ed47c03bb1c', '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:54.091+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d5a4-7501-8407-e9fd5edf0b4a', 1, 'Requests anywhere', '{"cron":"0 1 * * *","action":{"type":"http_request","url":"https://{{ event.host }}/x"}}', NULL, NULL, 'sha256:e188e9ce701096f894763b690b74040f71212334211ca2f6804edf63b26970ff', '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:54.115+00'),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', '01a21442-d5ca-7750-8653-a7ee4df6dd8a', 1, 'Elsewhere', '{}', NULL, 1, 'sha256:13235aa8fd4b357e61ad6b13a5d1a24e5efec5a4c63322d73247585d520081fe', '01a21442-d5c1-7025-8f3e-5918398494c2', NULL, '2026-11-25 19:50:54.153+00');
INSERT INTO public.automation_runs VALUES
	('01a21442-d4d3-7125-ac7e-8acb4665ddab', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '01a21442-d449-72de-8330-42eb4dc339e5', 2, 'sha256:35b06320db2530ba96ea796de92fcdc601256d16854b3bf412e9226b455e208b', 'manual', 'succeeded', 1, NULL, NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, '2026-11-25 19:50:53.923+00', '2026-11-25 19:50:53.929+00', NULL, NULL, '{"channel":"general","message_id":"01a21442-d4d3-7125-ac7e-8acb4665ddab","length":2}', '2026-11-25 19:50:53.906+00', NULL),
	('01a21442-d516-741f-9901-2566a98874b0', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', 1, 'sha256:25e1017c087588df76daa58215463448c9a9813fef896e1a131214deb09c97c6', 'webhook', 'succeeded', 1, NULL, NULL, NULL, NULL, '2026-11-25 19:50:53.988+00', '2026-11-25 19:50:53.991+00', NULL, NULL, '{"channel":"general","message_id":"01a21442-d516-741f-9901-2566a98874b0","length":1}', '2026-11-25 19:50:53.976+00', '01a21442-d516-7042-b52c-d3dab309e176'),
	('01a21442-d5ac-75a5-be0d-16b87e6126be', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '01a21442-d449-72de-8330-42eb4dc339e5', 2, 'sha256:35b06320db2530ba96ea796de92fcdc601256d16854b3bf412e9226b455e208b', 'manual', 'queued', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-25 19:50:54.125+00', NULL),
	('01a21442-d5b2-71db-849c-35d2da4a2b6d', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '01a21442-d449-72de-8330-42eb4dc339e5', 2, 'sha256:35b06320db2530ba96ea796de92fcdc601256d16854b3bf412e9226b455e208b', 'manual', 'running', 1, NULL, NULL, NULL, NULL, '2026-11-25 19:50:54.131+00', NULL, NULL, NULL, NULL, '2026-11-25 19:50:54.131+00', NULL);
INSERT INTO public.automation_secrets VALUES
	('01a21442-d4c3-7636-bf91-33e8d7ccfc59', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d449-72de-8330-42eb4dc339e5', 'signing', 'k1.ZLH2YYlNDgjpZNKs.cc1wRSmmpgA1DAmEgd6GuqgGqdg4rAZpuS4cBLE6mMrAuvuyvhA.zRneSoLaQy2YrJnNTSvR5g', '2026-11-26 19:50:53.9+00', '2026-11-25 19:50:53.89+00'),
	('01a21442-d4cd-7663-a340-ba6b3c19ab6f', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d449-72de-8330-42eb4dc339e5', 'signing', 'k1.Yl8j3MKpdwFEjdJN.2cPxORZ-8sNrg2MsV1rp9tj08M-9-f4aYNXYBrDFUmReo3H4kxc.8robVqGG__pu7GxpI9ahew', NULL, '2026-11-25 19:50:53.9+00'),
	('01a21442-d50d-7513-9085-9520768f0904', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', 'webhook', 'k1.bNK7b0twGrIyvApH.61lm7rFgI7Qs99pTrkUf.TMNYK8kVSp1XzG7Uxfy2uw', NULL, '2026-11-25 19:50:53.964+00');
INSERT INTO public.automations VALUES
	('01a21442-d449-72de-8330-42eb4dc339e5', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'scheduled', 'active', 2, 2, 'sha256:35b06320db2530ba96ea796de92fcdc601256d16854b3bf412e9226b455e208b', NULL, NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-25 19:50:53.923+00', NULL, 'k1.XXIjW54FujZV3QFX.XenudzBGy5jMoOUg.KW9CaK_pyGUcQC81I7dD8Q', 2, 2, '2026-11-25 19:50:53.765+00', '2026-11-25 19:50:53.929+00', '2026-11-26 09:00:00+00', '2026-11-26 09:00:00+00', 0),
	('01a21442-d4f0-7624-9b0c-a0eefc281bd0', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'webhook', 'active', 1, 1, 'sha256:25e1017c087588df76daa58215463448c9a9813fef896e1a131214deb09c97c6', NULL, NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-25 19:50:53.988+00', NULL, NULL, 0, 1, '2026-11-25 19:50:53.935+00', '2026-11-25 19:50:53.991+00', NULL, NULL, 0),
	('01a21442-d52d-7708-a165-b9fa0c3a56e4', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'scheduled', 'active', 2, 3, 'sha256:7e694bfd1d9eafb9502a57b9f8326ed0d32ff1cd69533583ffd12071d21e0645', 3, 3, NULL, '01a21442-d424-72f1-aaa3-143fd40ceba2', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d400-7077-9c59-7d770df3c394', 1, '2026-11-25 19:50:54.006+00', NULL, NULL, NULL, NULL, NULL, 'k1.Z3JXnkwqXLzhzFOy.z_7ZJvmJBfDJuLRI.ULwsL6gnh07-YreeUygudg', 1, 4, '2026-11-25 19:50:53.995+00', '2026-11-25 19:50:54.023+00', '2026-11-25 20:00:00+00', '2026-11-25 20:00:00+00', 0),
	('01a21442-d54f-7084-a875-03d110cd5577', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'social_post', 'pending_approval', 1, 1, NULL, NULL, 1, NULL, '01a21442-d424-72f1-aaa3-143fd40ceba2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 1, '2026-11-25 19:50:54.03+00', '2026-11-25 19:50:54.03+00', NULL, NULL, 0),
	('01a21442-d560-76cb-8b55-6b01762ee1d2', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'reverse_tunnel', 'rejected', 1, 1, NULL, NULL, 1, NULL, '01a21442-d424-72f1-aaa3-143fd40ceba2', NULL, '01a21442-d400-7077-9c59-7d770df3c394', 1, '2026-11-25 19:50:54.066+00', 'no', 'no', '{/config}', NULL, NULL, NULL, 0, 2, '2026-11-25 19:50:54.047+00', '2026-11-25 19:50:54.065+00', NULL, NULL, 0),
	('01a21442-d578-77f4-9ece-9f210266ff01', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'scheduled', 'paused', 2, 2, 'sha256:aab82f7d55b3cdaec0fd10012fdcb555b48b68c14e8e88db4d4e5685701300d7', NULL, NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2, 2, '2026-11-25 19:50:54.071+00', '2026-11-25 19:50:54.078+00', NULL, NULL, 0),
	('01a21442-d586-729c-87a7-1ece56620055', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'reverse_tunnel', 'draft', 1, 1, NULL, NULL, NULL, '01a21442-d42a-76aa-a52f-99682b589bf7', NULL, '01a21442-d42a-76aa-a52f-99682b589bf7', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'k1.YR77Xuwz_I5GafLD.rv6qeu8ndahCFQ.z9pLFCU-a72a2u3-6BG0IA', 1, 1, '2026-11-25 19:50:54.086+00', '2026-11-25 19:50:54.086+00', NULL, NULL, 0),
	('01a21442-d58c-772b-84c4-d385b1a1c2ab', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'scheduled', 'active', 1, 1, 'sha256:454960a653b93285a0987f8e4709fd9f2533e42a44013374c8c95ed47c03bb1c', NULL, NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 1, '2026-11-25 19:50:54.091+00', '2026-11-25 19:50:54.091+00', '2026-11-26 01:00:00+00', '2026-11-26 01:00:00+00', 0),
	('01a21442-d5a4-7501-8407-e9fd5edf0b4a', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'scheduled', 'active', 1, 1, 'sha256:e188e9ce701096f894763b690b74040f71212334211ca2f6804edf63b26970ff', NULL, NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, '01a21442-d400-7077-9c59-7d770df3c394', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 1, '2026-11-25 19:50:54.115+00', '2026-11-25 19:50:54.115+00', '2026-11-26 01:00:00+00', '2026-11-26 01:00:00+00', 0),
	('01a21442-d5ca-7750-8653-a7ee4df6dd8a', '01a21442-d5c0-7382-9d2d-58e990b6029f', '01a21442-d5c0-7382-9d2d-5e5f278e6b8b', 'webhook', 'draft', 1, 1, NULL, NULL, NULL, '01a21442-d5c1-7025-8f3e-5918398494c2', NULL, '01a21442-d5c1-7025-8f3e-5918398494c2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'k1.hDPMETNFnyJeOtnl.1ndRdfNzfBrk.B20UnWOx0ESvi2_1H1FYoQ', 1, 1, '2026-11-25 19:50:54.153+00', '2026-11-25 19:50:54.153+00', NULL, NULL, 0);
INSERT INTO public.chat_messages VALUES
	('01a21442-d4d3-7125-ac7e-8acb4665ddab', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '01a21442-d4e6-73ba-b221-1b8b1c639020', NULL, 'hi', '{"automation_id":"01a21442-d449-72de-8330-42eb4dc339e5","run_id":"01a21442-d4d3-7125-ac7e-8acb4665ddab"}', '2026-11-25 19:50:53.926+00'),
	('01a21442-d516-741f-9901-2566a98874b0', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '01a21442-d4e6-73ba-b221-1b8b1c639020', NULL, '1', '{"automation_id":"01a21442-d4f0-7624-9b0c-a0eefc281bd0","run_id":"01a21442-d516-741f-9901-2566a98874b0"}', '2026-11-25 19:50:53.989+00');
INSERT INTO public.chat_rooms VALUES
	('01a21442-d4e6-73ba-b221-1b8b1c639020', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', 'general', '2026-11-25 19:50:53.926+00');
INSERT INTO public.kysely_migration VALUES
	('0001-identity', '2026-11-25T19:50:51.279Z'),
	('0002-automations', '2026-11-25T19:50:51.290Z'),
	('0003-review', '2026-11-25T19:50:51.298Z'),
	('0004-runs', '2026-11-25T19:50:51.310Z'),
	('0005-webhooks', '2026-11-25T19:50:51.318Z');
INSERT INTO public.kysely_migration_lock VALUES
	('migration_lock', 0);
INSERT INTO public.member_roles VALUES
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d420-75a7-bbb6-b83f76adb118'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d424-72f1-aaa3-131385f794cf', '01a21442-d428-7101-aed7-b76fc9ee3714'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d42a-76aa-a52f-99682b589bf7', '01a21442-d42b-7186-b400-a088291fa52d'),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', '01a21442-d5c1-7025-8f3e-5918398494c2', '01a21442-d5c3-75c5-b184-25d9d63d751e');
INSERT INTO public.members VALUES
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d400-7077-9c59-7d770df3c394', '2026-11-25 19:50:53.726+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d424-72f1-aaa3-131385f794cf', '2026-11-25 19:50:53.736+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d42a-76aa-a52f-99682b589bf7', '2026-11-25 19:50:53.739+00'),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', '01a21442-d5c1-7025-8f3e-5918398494c2', '2026-11-25 19:50:54.147+00');
INSERT INTO public.organizations VALUES
	('01a21442-d3dd-7580-baa9-ea2f6b123441', 'Analytical Engines', '01a21442-d3dd-7580-baa9-ea2f6b123441', false, '2026-11-25 19:50:53.695+00'),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', 'Analytical Engines', '01a21442-d5c0-7382-9d2d-58e990b6029f', false, '2026-11-25 19:50:54.145+00');
INSERT INTO public.roles VALUES
	('01a21442-d420-75a7-bbb6-b83f76adb118', '01a21442-d3dd-7580-baa9-ea2f6b123441', 'Owner', true, '{org.manage,org.members.manage,space.create,space.delete,space.members.manage,board.read,board.write,tasks.read,tasks.write,chat.read,chat.write,files.read,files.write,files.delete,terminal.use,ssh_connections.manage,agent.tools.invoke,datasets.read,datasets.write}', '2026-11-25 19:50:53.729+00'),
	('01a21442-d428-7101-aed7-b76fc9ee3714', '01a21442-d3dd-7580-baa9-ea2f6b123441', 'role e07fd327-895b-420e-a75c-1b8dbe77181e', false, '{files.read,files.write}', '2026-11-25 19:50:53.737+00'),
	('01a21442-d42b-7186-b400-a088291fa52d', '01a21442-d3dd-7580-baa9-ea2f6b123441', 'role dfebb6d4-f53b-4e70-9612-6ef896f7cf8e', false, '{files.read,files.write}', '2026-11-25 19:50:53.74+00'),
	('01a21442-d5c3-75c5-b184-25d9d63d751e', '01a21442-d5c0-7382-9d2d-58e990b6029f', 'Owner', true, '{org.manage,org.members.manage,space.create,space.delete,space.members.manage,board.read,board.write,tasks.read,tasks.write,chat.read,chat.write,files.read,files.write,files.delete,terminal.use,ssh_connections.manage,agent.tools.invoke,datasets.read,datasets.write}', '2026-11-25 19:50:54.147+00');
INSERT INTO public.service_accounts VALUES
	('01a21442-d424-72f1-aaa3-143fd40ceba2', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d424-72f1-aaa3-131385f794cf', 'AI staff', '01a21442-d400-7077-9c59-7d770df3c394', '2026-11-25 19:50:53.734+00', NULL, NULL, NULL, NULL, '\xdbf9a89f020191658045faff065662a0eb613f2e83d7654ac748c836df90611f', NULL, '2026-11-25 19:50:53.995+00', NULL);
INSERT INTO public.sessions VALUES
	('01a21442-d400-7077-9c59-824a01aa2718', '01a21442-d400-7077-9c59-7d770df3c394', '2026-11-25 19:50:53.721+00', NULL),
	('01a21442-d42a-76aa-a52f-9cf3f0823ae4', '01a21442-d42a-76aa-a52f-99682b589bf7', '2026-11-25 19:50:53.739+00', NULL),
	('01a21442-d5c1-7025-8f3e-5d869eda1924', '01a21442-d5c1-7025-8f3e-5918398494c2', '2026-11-25 19:50:54.146+00', NULL);
INSERT INTO public.space_events OVERRIDING SYSTEM VALUE VALUES
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '744', 1, 'automation.created', '01a21442-d449-72de-8330-42eb4dc339e5', NULL, 'active', '2026-11-25 19:50:53.765+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '745', 2, 'automation.updated', '01a21442-d449-72de-8330-42eb4dc339e5', NULL, 'active', '2026-11-25 19:50:53.873+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '748', 3, 'run.created', '01a21442-d449-72de-8330-42eb4dc339e5', '01a21442-d4d3-7125-ac7e-8acb4665ddab', 'queued', '2026-11-25 19:50:53.906+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '749', 4, 'run.updated', '01a21442-d449-72de-8330-42eb4dc339e5', '01a21442-d4d3-7125-ac7e-8acb4665ddab', 'running', '2026-11-25 19:50:53.919+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '751', 5, 'run.updated', '01a21442-d449-72de-8330-42eb4dc339e5', '01a21442-d4d3-7125-ac7e-8acb4665ddab', 'succeeded', '2026-11-25 19:50:53.929+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '751', 6, 'automation.updated', '01a21442-d449-72de-8330-42eb4dc339e5', NULL, 'active', '2026-11-25 19:50:53.929+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '752', 7, 'automation.created', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', NULL, 'active', '2026-11-25 19:50:53.935+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '754', 8, 'run.created', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', '01a21442-d516-741f-9901-2566a98874b0', 'queued', '2026-11-25 19:50:53.976+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '755', 9, 'run.updated', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', '01a21442-d516-741f-9901-2566a98874b0', 'running', '2026-11-25 19:50:53.984+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '757', 10, 'run.updated', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', '01a21442-d516-741f-9901-2566a98874b0', 'succeeded', '2026-11-25 19:50:53.991+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '757', 11, 'automation.updated', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', NULL, 'active', '2026-11-25 19:50:53.991+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '759', 12, 'automation.created', '01a21442-d52d-7708-a165-b9fa0c3a56e4', NULL, 'pending_approval', '2026-11-25 19:50:53.995+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '760', 13, 'automation.updated', '01a21442-d52d-7708-a165-b9fa0c3a56e4', NULL, 'active', '2026-11-25 19:50:54.004+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '761', 14, 'automation.updated', '01a21442-d52d-7708-a165-b9fa0c3a56e4', NULL, 'active', '2026-11-25 19:50:54.014+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '762', 15, 'automation.updated', '01a21442-d52d-7708-a165-b9fa0c3a56e4', NULL, 'active', '2026-11-25 19:50:54.023+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '763', 16, 'automation.created', '01a21442-d54f-7084-a875-03d110cd5577', NULL, 'pending_approval', '2026-11-25 19:50:54.03+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '764', 17, 'automation.created', '01a21442-d560-76cb-8b55-6b01762ee1d2', NULL, 'pending_approval', '2026-11-25 19:50:54.047+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '765', 18, 'automation.updated', '01a21442-d560-76cb-8b55-6b01762ee1d2', NULL, 'rejected', '2026-11-25 19:50:54.065+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '766', 19, 'automation.created', '01a21442-d578-77f4-9ece-9f210266ff01', NULL, 'active', '2026-11-25 19:50:54.071+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '767', 20, 'automation.updated', '01a21442-d578-77f4-9ece-9f210266ff01', NULL, 'paused', '2026-11-25 19:50:54.078+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '768', 21, 'automation.created', '01a21442-d586-729c-87a7-1ece56620055', NULL, 'draft', '2026-11-25 19:50:54.086+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '769', 22, 'automation.created', '01a21442-d58c-772b-84c4-d385b1a1c2ab', NULL, 'active', '2026-11-25 19:50:54.091+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '770', 23, 'automation.created', '01a21442-d5a4-7501-8407-e9fd5edf0b4a', NULL, 'active', '2026-11-25 19:50:54.115+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '771', 24, 'run.created', '01a21442-d449-72de-8330-42eb4dc339e5', '01a21442-d5ac-75a5-be0d-16b87e6126be', 'queued', '2026-11-25 19:50:54.125+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '772', 25, 'run.created', '01a21442-d449-72de-8330-42eb4dc339e5', '01a21442-d5b2-71db-849c-35d2da4a2b6d', 'queued', '2026-11-25 19:50:54.131+00'),
	('01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '773', 26, 'run.updated', '01a21442-d449-72de-8330-42eb4dc339e5', '01a21442-d5b2-71db-849c-35d2da4a2b6d', 'running', '2026-11-25 19:50:54.132+00'),
	('01a21442-d5c0-7382-9d2d-58e990b6029f', '01a21442-d5c0-7382-9d2d-5e5f278e6b8b', '783', 27, 'automation.created', '01a21442-d5ca-7750-8653-a7ee4df6dd8a', NULL, 'draft', '2026-11-25 19:50:54.153+00');
INSERT INTO public.spaces VALUES
	('01a21442-d3de-7250-829d-8ca8ad2be38e', '01a21442-d3dd-7580-baa9-ea2f6b123441', 'Engine room', NULL, '01a21442-d400-7077-9c59-7d770df3c394', '2026-11-25 19:50:53.732+00'),
	('01a21442-d5c0-7382-9d2d-5e5f278e6b8b', '01a21442-d5c0-7382-9d2d-58e990b6029f', 'Engine room', NULL, '01a21442-d5c1-7025-8f3e-5918398494c2', '2026-11-25 19:50:54.148+00');
INSERT INTO public.users VALUES
	('01a21442-d400-7077-9c59-7d770df3c394', '01a21442-d400-7077-9c59-7d770df3c394@example.com', 'none', 'Person', '2026-11-25 19:50:53.715+00'),
	('01a21442-d424-72f1-aaa3-131385f794cf', NULL, NULL, 'AI staff', '2026-11-25 19:50:53.733+00'),
	('01a21442-d42a-76aa-a52f-99682b589bf7', '01a21442-d42a-76aa-a52f-99682b589bf7@example.com', 'none', 'Person', '2026-11-25 19:50:53.738+00'),
	('01a21442-d5c1-7025-8f3e-5918398494c2', '01a21442-d5c1-7025-8f3e-5918398494c2@example.com', 'none', 'Person', '2026-11-25 19:50:54.146+00');
INSERT INTO public.webhook_events VALUES
	('01a21442-d516-7042-b52c-d3dab309e176', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d3de-7250-829d-8ca8ad2be38e', '01a21442-d4f0-7624-9b0c-a0eefc281bd0', 'd1', NULL, 'accepted', '{"content-type":"application/json","x-github-delivery":"d1","user-agent":"lightMyRequest"}', '{"n":1}', 7, '01a21442-d516-741f-9901-2566a98874b0', '2026-11-25 19:50:53.974+00');
INSERT INTO public.webhooks VALUES
	('wh_r7-ywGnDXe_BYCyL4XYVQoUN4i1gP7dZKzOR131gZa8', '01a21442-d3dd-7580-baa9-ea2f6b123441', '01a21442-d4f0-7624-9b0c-a0eefc281bd0'),
	('wh_mjE9K9et1kQL1xGZu4MRg4DTaMgMmQvFU9JddUWAcS0', '01a21442-d5c0-7382-9d2d-58e990b6029f', '01a21442-d5ca-7750-8653-a7ee4df6dd8a');
SELECT pg_catalog.setval('public.space_events_id_seq', 27, true);
ALTER TABLE ONLY public.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (organization_id);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (organization_id, sequence);
ALTER TABLE ONLY public.automation_policies
    ADD CONSTRAINT automation_policies_pkey PRIMARY KEY (organization_id);
ALTER TABLE ONLY public.automation_revisions
    ADD CONSTRAINT automation_revisions_pkey PRIMARY KEY (organization_id, automation_id, revision);
ALTER TABLE ONLY public.automation_runs
    ADD CONSTRAINT automation_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.automation_secrets
    ADD CONSTRAINT automation_secrets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_organization_id_id_key UNIQUE (organization_id, id);
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.chat_rooms
    ADD CONSTRAINT chat_rooms_name_key UNIQUE (organization_id, space_id, name);
ALTER TABLE ONLY public.chat_rooms
    ADD CONSTRAINT chat_rooms_organization_id_space_id_id_key UNIQUE (organization_id, space_id, id);
ALTER TABLE ONLY public.chat_rooms
    ADD CONSTRAINT chat_rooms_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.invites
    ADD CONSTRAINT invites_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.invites
    ADD CONSTRAINT invites_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.kysely_migration_lock
    ADD CONSTRAINT kysely_migration_lock_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.kysely_migration
    ADD CONSTRAINT kysely_migration_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.member_roles
    ADD CONSTRAINT member_roles_pkey PRIMARY KEY (organization_id, user_id, role_id);
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_pkey PRIMARY KEY (organization_id, user_id);
ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_slug_key UNIQUE (slug);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_name_key UNIQUE (organization_id, name);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_organization_id_id_key UNIQUE (organization_id, id);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_organization_id_id_key UNIQUE (organization_id, id);
ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_token_hash_key UNIQUE (token_hash);
ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_user_id_key UNIQUE (user_id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.signup_requests
    ADD CONSTRAINT signup_requests_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.signup_requests
    ADD CONSTRAINT signup_requests_user_key UNIQUE (organization_id, user_id);
ALTER TABLE ONLY public.space_events
    ADD CONSTRAINT space_events_pkey PRIMARY KEY (organization_id, space_id, transaction_id, id);
ALTER TABLE ONLY public.space_roles
    ADD CONSTRAINT space_roles_pkey PRIMARY KEY (organization_id, space_id, role_id);
ALTER TABLE ONLY public.spaces
    ADD CONSTRAINT spaces_organization_id_id_key UNIQUE (organization_id, id);
ALTER TABLE ONLY public.spaces
    ADD CONSTRAINT spaces_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_key UNIQUE (email);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_pkey PRIMARY KEY (organization_id, automation_id, id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_organization_id_automation_id_key UNIQUE (organization_id, automation_id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_pkey PRIMARY KEY (hook_id);
CREATE INDEX audit_log_action_idx ON public.audit_log USING btree (organization_id, action, sequence DESC);
CREATE INDEX audit_log_actor_idx ON public.audit_log USING btree (organization_id, actor_id, sequence DESC);
CREATE INDEX audit_log_target_idx ON public.audit_log USING btree (organization_id, target_id, sequence DESC);
CREATE INDEX automation_runs_automation_idx ON public.automation_runs USING btree (organization_id, automation_id, id DESC);
CREATE INDEX automation_runs_finished_at_idx ON public.automation_runs USING btree (finished_at) WHERE (finished_at IS NOT NULL);
CREATE INDEX automation_runs_open_idx ON public.automation_runs USING btree (organization_id, automation_id) WHERE (status = ANY (ARRAY['queued'::text, 'running'::text]));
CREATE UNIQUE INDEX automation_runs_scheduled_for_key ON public.automation_runs USING btree (organization_id, automation_id, scheduled_for) WHERE (scheduled_for IS NOT NULL);
CREATE INDEX automation_secrets_automation_idx ON public.automation_secrets USING btree (organization_id, automation_id);
CREATE UNIQUE INDEX automation_secrets_present_key ON public.automation_secrets USING btree (organization_id, automation_id, purpose) WHERE (valid_until IS NULL);
CREATE INDEX automations_next_run_at_idx ON public.automations USING btree (next_run_at) WHERE (next_run_at IS NOT NULL);
CREATE INDEX automations_pending_idx ON public.automations USING btree (organization_id, updated_at, id) WHERE ((status = 'pending_approval'::text) OR (pending_revision IS NOT NULL));
CREATE INDEX automations_space_idx ON public.automations USING btree (organization_id, space_id, updated_at DESC, id DESC);
CREATE INDEX chat_messages_room_idx ON public.chat_messages USING btree (organization_id, chat_room_id, id DESC);
CREATE INDEX idempotency_keys_expires_at_idx ON public.idempotency_keys USING btree (expires_at);
CREATE INDEX invites_organization_id_idx ON public.invites USING btree (organization_id);
CREATE INDEX member_roles_role_id_idx ON public.member_roles USING btree (organization_id, role_id);
CREATE INDEX members_user_id_idx ON public.members USING btree (user_id);
CREATE INDEX refresh_tokens_expires_at_idx ON public.refresh_tokens USING btree (expires_at);
CREATE INDEX refresh_tokens_session_id_idx ON public.refresh_tokens USING btree (session_id);
CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id);
CREATE INDEX signup_requests_user_id_idx ON public.signup_requests USING btree (user_id);
CREATE INDEX space_events_created_at_idx ON public.space_events USING brin (created_at);
CREATE INDEX space_roles_role_id_idx ON public.space_roles USING btree (organization_id, role_id);
CREATE UNIQUE INDEX webhook_events_key ON public.webhook_events USING btree (organization_id, automation_id, event_key) WHERE (event_key IS NOT NULL);
CREATE INDEX webhook_events_received_at_idx ON public.webhook_events USING brin (received_at);
CREATE TRIGGER audit_log_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_log FOR EACH STATEMENT EXECUTE FUNCTION public.audit_log_is_append_only();
CREATE TRIGGER automation_revisions_are_immutable BEFORE DELETE OR UPDATE ON public.automation_revisions FOR EACH ROW EXECUTE FUNCTION public.automation_revisions_are_immutable();
CREATE TRIGGER automation_revisions_are_not_truncated BEFORE TRUNCATE ON public.automation_revisions FOR EACH STATEMENT EXECUTE FUNCTION public.automation_revisions_are_immutable();
CREATE CONSTRAINT TRIGGER automations_active_is_approved AFTER INSERT OR UPDATE OF status, revision, approved_digest, reviewed_by_user_id, reviewed_revision ON public.automations DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.automations_active_is_approved();
CREATE TRIGGER space_events_delete AFTER DELETE ON public.automations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION public.space_events_of_automations();
CREATE TRIGGER space_events_insert AFTER INSERT ON public.automation_runs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.space_events_of_runs();
CREATE TRIGGER space_events_insert AFTER INSERT ON public.automations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.space_events_of_automations();
CREATE TRIGGER space_events_update AFTER UPDATE ON public.automation_runs REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.space_events_of_runs();
CREATE TRIGGER space_events_update AFTER UPDATE ON public.automations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.space_events_of_automations();
ALTER TABLE ONLY public.automation_policies
    ADD CONSTRAINT automation_policies_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.automation_revisions
    ADD CONSTRAINT automation_revisions_authored_by_user_id_fkey FOREIGN KEY (authored_by_user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.automation_revisions
    ADD CONSTRAINT automation_revisions_organization_id_authored_by_service_a_fkey FOREIGN KEY (organization_id, authored_by_service_account_id) REFERENCES public.service_accounts(organization_id, id);
ALTER TABLE ONLY public.automation_revisions
    ADD CONSTRAINT automation_revisions_organization_id_automation_id_fkey FOREIGN KEY (organization_id, automation_id) REFERENCES public.automations(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.automation_runs
    ADD CONSTRAINT automation_runs_organization_id_automation_id_fkey FOREIGN KEY (organization_id, automation_id) REFERENCES public.automations(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.automation_runs
    ADD CONSTRAINT automation_runs_requested_by_user_id_fkey FOREIGN KEY (requested_by_user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.automation_secrets
    ADD CONSTRAINT automation_secrets_organization_id_automation_id_fkey FOREIGN KEY (organization_id, automation_id) REFERENCES public.automations(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_created_by_user_id_fkey FOREIGN KEY (created_by_user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_organization_id_created_by_service_account_id_fkey FOREIGN KEY (organization_id, created_by_service_account_id) REFERENCES public.service_accounts(organization_id, id);
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_organization_id_id_pending_revision_fkey FOREIGN KEY (organization_id, id, pending_revision) REFERENCES public.automation_revisions(organization_id, automation_id, revision) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_organization_id_id_revision_fkey FOREIGN KEY (organization_id, id, revision) REFERENCES public.automation_revisions(organization_id, automation_id, revision) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_organization_id_space_id_fkey FOREIGN KEY (organization_id, space_id) REFERENCES public.spaces(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_owner_user_id_fkey FOREIGN KEY (owner_user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.automations
    ADD CONSTRAINT automations_reviewed_by_user_id_fkey FOREIGN KEY (reviewed_by_user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_author_user_id_fkey FOREIGN KEY (author_user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.chat_messages
    ADD CONSTRAINT chat_messages_organization_id_space_id_chat_room_id_fkey FOREIGN KEY (organization_id, space_id, chat_room_id) REFERENCES public.chat_rooms(organization_id, space_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.chat_rooms
    ADD CONSTRAINT chat_rooms_organization_id_space_id_fkey FOREIGN KEY (organization_id, space_id) REFERENCES public.spaces(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.invites
    ADD CONSTRAINT invites_accepted_by_fkey FOREIGN KEY (accepted_by) REFERENCES public.users(id);
ALTER TABLE ONLY public.invites
    ADD CONSTRAINT invites_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);
ALTER TABLE ONLY public.invites
    ADD CONSTRAINT invites_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.member_roles
    ADD CONSTRAINT member_roles_organization_id_role_id_fkey FOREIGN KEY (organization_id, role_id) REFERENCES public.roles(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.member_roles
    ADD CONSTRAINT member_roles_organization_id_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.members(organization_id, user_id) ON DELETE CASCADE;
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.members
    ADD CONSTRAINT members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);
ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.service_accounts
    ADD CONSTRAINT service_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.signup_requests
    ADD CONSTRAINT signup_requests_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES public.users(id);
ALTER TABLE ONLY public.signup_requests
    ADD CONSTRAINT signup_requests_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.signup_requests
    ADD CONSTRAINT signup_requests_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
ALTER TABLE ONLY public.space_roles
    ADD CONSTRAINT space_roles_organization_id_role_id_fkey FOREIGN KEY (organization_id, role_id) REFERENCES public.roles(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.space_roles
    ADD CONSTRAINT space_roles_organization_id_space_id_fkey FOREIGN KEY (organization_id, space_id) REFERENCES public.spaces(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.spaces
    ADD CONSTRAINT spaces_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.users(id);
ALTER TABLE ONLY public.spaces
    ADD CONSTRAINT spaces_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook_events
    ADD CONSTRAINT webhook_events_organization_id_automation_id_fkey FOREIGN KEY (organization_id, automation_id) REFERENCES public.automations(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT webhooks_organization_id_automation_id_fkey FOREIGN KEY (organization_id, automation_id) REFERENCES public.automations(organization_id, id) ON DELETE CASCADE;
