//! A client that progenitor made, against a real server.
use std::fmt::Debug;

use hyperspeed::{Client, Error, ResponseValue, types};
use reqwest::header::{AUTHORIZATION, HeaderMap};
use types::*;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error>;

/// Counts what was checked.
#[derive(Default)]
struct Checks(u32);

impl Checks {
    /// Ends the program where something is not as the contract says.
    fn check(&mut self, what: &str, is_so: bool) {
        assert!(is_so, "not so: {what}");
        self.0 += 1;
    }

    /// What goes wrong is told by its status and code.
    fn refuses<T: Debug>(&mut self, status: u16, code: &str, answer: Result<ResponseValue<T>, Error<types::Error>>) {
        let Err(Error::ErrorResponse(refusal)) = answer else {
            panic!("no refusal: {answer:?}")
        };
        self.check(code, refusal.status() == status && refusal.code == code);
    }
}

fn client_of(token: Option<&str>) -> Result<Client, Failure> {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse()?);
    }
    let http = reqwest::Client::builder().default_headers(headers).build()?;
    Ok(Client::new_with_client(&std::env::var("HS_URL")?, http))
}

/// A new automation that runs by the clock.
fn scheduled(name: &str, config: ScheduledConfig) -> Result<AutomationCreate, Failure> {
    let proposal = ScheduledAutomationCreate::builder()
        .name(name)
        .kind(ScheduledAutomationCreateKind::Scheduled)
        .config(config);
    Ok(ScheduledAutomationCreate::try_from(proposal)?.into())
}

/// The fields that all kinds have are those of each variant.
fn name_of(automation: &Automation) -> &str {
    match automation {
        Automation::ScheduledAutomation(each) => &each.name,
        Automation::WebhookAutomation(each) => &each.name,
        Automation::SocialPostAutomation(each) => &each.name,
        Automation::ReverseTunnelAutomation(each) => &each.name,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut checks = Checks::default();

    // Who asks, and where
    let email = format!("{}@example.com", Uuid::new_v4());
    let registration = RegisterRequest::builder()
        .email(email.as_str())
        .password("correct horse battery staple")
        .organization_name(RegisterRequestOrganizationName::try_from("Rust")?);
    let session = client_of(None)?.register().body(registration).send().await?;
    let person = client_of(Some(&session.access_token))?;
    let me = person.get_me().send().await?;
    checks.check("the caller is who registered", me.email.as_deref() == Some(&email));
    let org_id = person.list_organizations().send().await?.organizations[0].id;
    let space = SpaceCreate::builder().name("Marketing");
    let space_id = person.create_space().org_id(org_id).body(space).send().await?.id;
    let role = RoleCreate::builder()
        .name("AI staff")
        .permissions(vec![Permission::FilesRead, Permission::FilesWrite]);
    let role = person.create_role().org_id(org_id).body(role).send().await?;
    let account = ServiceAccountCreate::builder()
        .name("Drafting assistant")
        .role_ids(vec![role.role.id]);
    let account = person.create_service_account().org_id(org_id).body(account).send().await?;
    let ai_staff = client_of(Some(&account.token))?;

    // AI staff proposes, a person approves what it saw and runs it
    // docs: begin
    let config = ScheduledConfig::builder()
        .cron(ScheduledConfigCron::try_from("0 9 * * MON")?)
        .channel(ScheduledConfigChannel::try_from("general")?)
        .extra(serde_json::Map::new());
    let proposal = scheduled("Weekly digest", config.try_into()?)?;
    let proposed = ai_staff.create_automation().org_id(org_id).space_id(space_id).body(proposal).send().await?;
    let Automation::ScheduledAutomation(automation) = &proposed.automation else {
        panic!("it is of another kind")
    };
    let (id, seen) = (automation.id, Approval::builder().digest(automation.digest.clone()));
    person.approve_automation().org_id(org_id).space_id(space_id).automation_id(id).body(seen).send().await?;
    let run = person.run_automation().org_id(org_id).space_id(space_id).automation_id(id);
    let ran = run.prefer(RunAutomationPrefer::try_from("wait=20")?).send().await?;
    println!("{}", ran.run.status);
    // docs: end
    checks.check("it waits for approval", automation.status == AutomationStatus::PendingApproval);
    checks.check("it ran", ran.run.status == RunStatus::Succeeded && ran.run.trigger == RunTrigger::Manual);
    let found = person.get_automation().org_id(org_id).space_id(space_id).automation_id(id).send().await?;
    let Automation::ScheduledAutomation(found) = &found.automation else {
        panic!("the kind does not tell the config")
    };
    checks.check("it is active", found.status == AutomationStatus::Active);
    checks.check("a config by its kind", found.config.cron.as_deref().map(String::as_str) == Some("0 9 * * MON"));
    checks.check("what is not there is None", found.pending_revision.is_none() && found.rejection.is_none());

    // Runs
    let runs = person.list_runs().org_id(org_id).space_id(space_id).automation_id(id).send().await?;
    checks.check("the run is listed", runs.runs.len() == 1 && runs.runs[0].id == ran.run.id && runs.next_cursor.is_none());
    let run = person.get_run().org_id(org_id).space_id(space_id).automation_id(id).run_id(ran.run.id).send().await?;
    checks.check("a run by its id", run.run.success == Some(true));

    pages(&mut checks, &person, org_id, space_id).await?;
    let change = AutomationUpdate::builder().status(AutomationUpdateStatus::Paused);
    let paused = person.update_automation().org_id(org_id).space_id(space_id).automation_id(id).body(change).send().await?;
    let is_paused = matches!(&paused.automation, Automation::ScheduledAutomation(each) if each.status == AutomationStatus::Paused);
    checks.check("it is paused", is_paused);

    // What goes wrong, by its code
    let blank = WebhookAutomationCreate::builder()
        .kind(WebhookAutomationCreateKind::Webhook)
        .name("\u{a0}");
    checks.check("a name that says nothing is refused before it is sent", WebhookAutomationCreate::try_from(blank).is_err());
    let strange = person.list_automations().org_id(org_id).space_id(space_id).cursor(Cursor::try_from("strange")?);
    checks.refuses(400, "invalid_cursor", strange.send().await);
    checks.refuses(401, "unauthorized", client_of(Some("nonsense"))?.get_me().send().await);
    let approval = ai_staff.approve_automation().org_id(org_id).space_id(space_id).automation_id(id);
    let approval = approval.body(Approval::builder()).send().await;
    checks.refuses(403, "service_account_cannot_approve", approval);
    let unknown = person.get_automation().org_id(org_id).space_id(space_id).automation_id(Uuid::new_v4()).send().await;
    checks.refuses(404, "automation_not_found", unknown);
    let again = person.run_automation().org_id(org_id).space_id(space_id).automation_id(id).send().await;
    checks.refuses(409, "automation_not_active", again);
    println!("{} checks", checks.0);
    Ok(())
}

async fn pages(checks: &mut Checks, person: &Client, org_id: Uuid, space_id: Uuid) -> Result<(), Failure> {
    for name in ["Second", "Third"] {
        let config = ScheduledConfig::builder()
            .every(ScheduledConfigEvery::try_from("PT6H")?)
            .extra(serde_json::Map::from_iter([("team".to_owned(), "kept".into())]));
        let body = scheduled(name, config.try_into()?)?;
        let created = person.create_automation().org_id(org_id).space_id(space_id).body(body).send().await?;
        let is_kept = matches!(&created.automation, Automation::ScheduledAutomation(each) if each.config.extra["team"] == "kept");
        checks.check("a key that the kind does not know is kept", is_kept);
    }
    let mut names = Vec::new();
    let mut cursor = None;
    loop {
        let mut request = person.list_automations().org_id(org_id).space_id(space_id).limit(2);
        if let Some(cursor) = cursor {
            request = request.cursor(Cursor::try_from(cursor)?);
        }
        let page = request.send().await?.into_inner();
        names.extend(page.automations.iter().map(|each| name_of(each).to_owned()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    checks.check("all pages, in order", names == ["Third", "Second", "Weekly digest"]);
    Ok(())
}
