import os
from typing import Any
from uuid import UUID, uuid4

from hyperspeed import AuthenticatedClient, Client
from hyperspeed.api.auth import register
from hyperspeed.api.automations import create_automation, get_automation, list_automations, update_automation
from hyperspeed.api.me import get_me
from hyperspeed.api.organizations import list_organizations
from hyperspeed.api.review import approve_automation
from hyperspeed.api.roles import create_role
from hyperspeed.api.runs import get_run, list_runs, run_automation
from hyperspeed.api.service_accounts import create_service_account
from hyperspeed.api.spaces import create_space
from hyperspeed.models import (
    Approval,
    AutomationListResponse,
    AutomationResponse,
    AutomationStatus,
    AutomationUpdate,
    AutomationUpdateStatus,
    Error,
    Me,
    OrganizationListResponse,
    Permission,
    RegisterRequest,
    RoleCreate,
    RoleResponse,
    RunListResponse,
    RunResponse,
    RunStatus,
    ScheduledAutomation,
    ScheduledAutomationCreate,
    ScheduledAutomationCreateKind,
    ScheduledConfig,
    ServiceAccountCreate,
    ServiceAccountTokenResponse,
    Space,
    SpaceCreate,
    TokenResponse,
    WebhookAutomationCreate,
    WebhookAutomationCreateKind,
)
from hyperspeed.types import UNSET, Response, Unset

checks = 0


def check(what: str, is_so: bool) -> None:
    """Ends the program where something is not as the contract says."""
    global checks
    assert is_so, f"not so: {what}"
    checks += 1


base_url = os.environ["HS_URL"]
anonymous = Client(base_url=base_url)


def client_of(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=base_url, token=token)


# Who asks, and where
email = f"{uuid4()}@example.com"
session = register.sync(
    client=anonymous,
    body=RegisterRequest(email=email, password="correct horse battery staple", organization_name="Python"),
)
assert isinstance(session, TokenResponse)
person = client_of(session.access_token)
me = get_me.sync(client=person)
check("the caller is who registered", isinstance(me, Me) and me.email == email)
organizations = list_organizations.sync(client=person)
assert isinstance(organizations, OrganizationListResponse)
org_id = organizations.organizations[0].id
space = create_space.sync(org_id, client=person, body=SpaceCreate(name="Marketing"))
assert isinstance(space, Space)
space_id = space.id
role = create_role.sync(
    org_id,
    client=person,
    body=RoleCreate(name="AI staff", permissions=[Permission.FILES_READ, Permission.FILES_WRITE]),
)
assert isinstance(role, RoleResponse)
account = create_service_account.sync(
    org_id, client=person, body=ServiceAccountCreate(name="Drafting assistant", role_ids=[role.role.id])
)
assert isinstance(account, ServiceAccountTokenResponse)
ai_staff = client_of(account.token)

# AI staff proposes, a person approves what it saw and runs it
# docs: begin
proposal = ScheduledAutomationCreate(
    name="Weekly digest",
    kind=ScheduledAutomationCreateKind.SCHEDULED,
    config=ScheduledConfig(cron="0 9 * * MON", channel="general"),
)
proposed = create_automation.sync(org_id, space_id, client=ai_staff, body=proposal)
if not isinstance(proposed, AutomationResponse):
    raise SystemExit(proposed and f"{proposed.code}: {proposed.error}")
path = (org_id, space_id, proposed.automation.id)
approve_automation.sync(*path, client=person, body=Approval(digest=proposed.automation.digest))
ran = run_automation.sync(*path, client=person, prefer="wait=20")
print(ran.run.status if isinstance(ran, RunResponse) else ran)
# docs: end
check("it waits for approval", proposed.automation.status == AutomationStatus.PENDING_APPROVAL)
assert isinstance(ran, RunResponse)
check("it ran", ran.run.status == RunStatus.SUCCEEDED)
found = get_automation.sync(*path, client=person)
assert isinstance(found, AutomationResponse)
automation = found.automation
check("it is active", automation.status == AutomationStatus.ACTIVE and automation.approved_digest == automation.digest)
check(
    "the kind tells the config",
    isinstance(automation, ScheduledAutomation) and automation.config.cron == "0 9 * * MON",
)
check("what is not there is None", automation.pending_revision is None and automation.rejection is None)

# Runs
runs = list_runs.sync(*path, client=person)
assert isinstance(runs, RunListResponse)
check("the run is listed", [run.id for run in runs.runs] == [ran.run.id] and runs.next_cursor is None)
run = get_run.sync(*path, ran.run.id, client=person)
check("a run by its id", isinstance(run, RunResponse) and run.run.success is True)

# Pages
for name in ("Second", "Third"):
    config = ScheduledConfig(every="PT6H")
    config["team"] = "kept"
    created = create_automation.sync(
        org_id,
        space_id,
        client=person,
        body=ScheduledAutomationCreate(name=name, kind=ScheduledAutomationCreateKind.SCHEDULED, config=config),
    )
    assert isinstance(created, AutomationResponse)
    check("a key that the kind does not know is kept", created.automation.config["team"] == "kept")
names: list[str] = []
cursor: str | Unset = UNSET
while True:
    page = list_automations.sync(org_id, space_id, client=person, limit=2, cursor=cursor)
    assert isinstance(page, AutomationListResponse)
    names += [each.name for each in page.automations]
    if not page.next_cursor:
        break
    cursor = page.next_cursor
check("all pages, in order", names == ["Third", "Second", "Weekly digest"])
paused = update_automation.sync(
    *path, client=person, body=AutomationUpdate(status=AutomationUpdateStatus.PAUSED, description=None)
)
check("it is paused", isinstance(paused, AutomationResponse) and paused.automation.status == AutomationStatus.PAUSED)


# What goes wrong, by its code
def refuses(status: int, code: str, answer: Response[Any]) -> None:
    refusal = answer.parsed
    assert isinstance(refusal, Error), f"{answer.status_code} is no refusal"
    check(f"{status} {code}, not {answer.status_code} {refusal.code}", (answer.status_code, refusal.code) == (status, code))


blank = WebhookAutomationCreate(name=" ", kind=WebhookAutomationCreateKind.WEBHOOK)
refuses(400, "name_and_kind_required", create_automation.sync_detailed(org_id, space_id, client=person, body=blank))
refuses(401, "unauthorized", get_me.sync_detailed(client=client_of("nonsense")))
refuses(
    403,
    "service_account_cannot_approve",
    approve_automation.sync_detailed(*path, client=ai_staff, body=Approval()),
)
unknown: UUID = uuid4()
refuses(404, "automation_not_found", get_automation.sync_detailed(org_id, space_id, unknown, client=person))
refuses(409, "automation_not_active", run_automation.sync_detailed(*path, client=person))
print(f"{checks} checks")
