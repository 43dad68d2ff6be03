import hyperspeed.ApiClient;
import hyperspeed.ApiException;
import hyperspeed.api.AuthApi;
import hyperspeed.api.AutomationsApi;
import hyperspeed.api.MeApi;
import hyperspeed.api.OrganizationsApi;
import hyperspeed.api.ReviewApi;
import hyperspeed.api.RolesApi;
import hyperspeed.api.RunsApi;
import hyperspeed.api.ServiceAccountsApi;
import hyperspeed.api.SpacesApi;
import hyperspeed.model.Approval;
import hyperspeed.model.Automation;
import hyperspeed.model.AutomationBase;
import hyperspeed.model.AutomationCreate;
import hyperspeed.model.AutomationStatus;
import hyperspeed.model.AutomationUpdate;
import hyperspeed.model.Permission;
import hyperspeed.model.RegisterRequest;
import hyperspeed.model.RoleCreate;
import hyperspeed.model.RunInput;
import hyperspeed.model.RunStatus;
import hyperspeed.model.ScheduledAutomation;
import hyperspeed.model.ScheduledAutomationCreate;
import hyperspeed.model.ScheduledConfig;
import hyperspeed.model.ServiceAccountCreate;
import hyperspeed.model.SpaceCreate;
import hyperspeed.model.WebhookAutomationCreate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** A client that openapi-generator made, against a real server. */
public final class Main {
  private static int checks = 0;

  /** Ends the program where something is not as the contract says. */
  private static void check(String what, boolean isSo) {
    if (!isSo) throw new AssertionError("not so: " + what);
    checks++;
  }

  private static ApiClient clientOf(String token) {
    ApiClient client = new ApiClient();
    client.updateBaseUri(System.getenv("HS_URL"));
    if (token != null) {
      client.setRequestInterceptor(request -> request.header("Authorization", "Bearer " + token));
    }
    return client;
  }

  /** A new automation that runs by the clock. */
  private static AutomationCreate scheduled(String name, ScheduledConfig config) {
    return new AutomationCreate(
        new ScheduledAutomationCreate().name(name).kind(ScheduledAutomationCreate.KindEnum.SCHEDULED).config(config));
  }

  /** What every automation has, of whatever kind. */
  private static AutomationBase baseOf(Automation automation) {
    return (AutomationBase) automation.getActualInstance();
  }

  private interface Request {
    void send() throws ApiException;
  }

  /** What goes wrong is told by its status and code. */
  private static void refuses(int status, String code, Request request) throws Exception {
    try {
      request.send();
    } catch (ApiException refusal) {
      hyperspeed.model.Error error =
          ApiClient.createDefaultObjectMapper().readValue(refusal.getResponseBody(), hyperspeed.model.Error.class);
      check(code + ", not " + error.getCode(), refusal.getCode() == status && error.getCode().equals(code));
      return;
    }
    throw new AssertionError("not refused: " + code);
  }

  public static void main(String[] args) throws Exception {
    // Who asks, and where
    String email = UUID.randomUUID() + "@example.com";
    ApiClient person =
        clientOf(
            new AuthApi(clientOf(null))
                .register(
                    new RegisterRequest().email(email).password("correct horse battery staple").organizationName("Java"),
                    null)
                .getAccessToken());
    check("the caller is who registered", email.equals(new MeApi(person).getMe().getEmail()));
    UUID orgId = new OrganizationsApi(person).listOrganizations().getOrganizations().get(0).getId();
    UUID spaceId = new SpacesApi(person).createSpace(orgId, new SpaceCreate().name("Marketing"), null).getId();
    RoleCreate role = new RoleCreate().name("AI staff").permissions(Set.of(Permission.FILES_READ, Permission.FILES_WRITE));
    UUID roleId = new RolesApi(person).createRole(orgId, role, null).getRole().getId();
    ServiceAccountCreate account = new ServiceAccountCreate().name("Drafting assistant").roleIds(Set.of(roleId));
    ApiClient aiStaff = clientOf(new ServiceAccountsApi(person).createServiceAccount(orgId, account, null).getToken());
    AutomationsApi automations = new AutomationsApi(person);
    RunsApi runs = new RunsApi(person);

    // AI staff proposes, a person approves what it saw and runs it
    // docs: begin
    ScheduledConfig config = new ScheduledConfig().cron("0 9 * * MON").channel("general");
    AutomationCreate proposal = scheduled("Weekly digest", config);
    Automation proposed =
        new AutomationsApi(aiStaff).createAutomation(orgId, spaceId, proposal, null).getAutomation();
    AutomationBase automation = (AutomationBase) proposed.getActualInstance();
    Approval seen = new Approval().digest(automation.getDigest());
    new ReviewApi(person).approveAutomation(orgId, spaceId, automation.getId(), null, null, seen);
    RunInput nothing = new RunInput();
    var ran =
        new RunsApi(person).runAutomation(orgId, spaceId, automation.getId(), null, "wait=20", nothing).getRun();
    System.out.println(ran.getStatus());
    // docs: end
    UUID id = automation.getId();
    check("it waits for approval", automation.getStatus() == AutomationStatus.PENDING_APPROVAL);
    check("it ran", ran.getStatus() == RunStatus.SUCCEEDED);
    Automation found = automations.getAutomation(orgId, spaceId, id).getAutomation();
    check("it is active", baseOf(found).getStatus() == AutomationStatus.ACTIVE);
    check(
        "the kind tells the config",
        found.getActualInstance() instanceof ScheduledAutomation byKind
            && byKind.getConfig().getCron().equals("0 9 * * MON"));
    check("what is not there is null", baseOf(found).getPendingRevision() == null);

    // Runs
    var page = runs.listRuns(orgId, spaceId, id, null, null, null);
    check("the run is listed", page.getRuns().size() == 1 && page.getNextCursor() == null);
    check("a run by its id", Boolean.TRUE.equals(runs.getRun(orgId, spaceId, id, ran.getId()).getRun().getSuccess()));

    pages(automations, orgId, spaceId);
    AutomationUpdate change = new AutomationUpdate().status(AutomationUpdate.StatusEnum.PAUSED).description(null);
    Automation paused = automations.updateAutomation(orgId, spaceId, id, change, null).getAutomation();
    check("it is paused", baseOf(paused).getStatus() == AutomationStatus.PAUSED);

    // What goes wrong, by its code
    AutomationCreate blank =
        new AutomationCreate(new WebhookAutomationCreate().name(" ").kind(WebhookAutomationCreate.KindEnum.WEBHOOK));
    refuses(400, "name_and_kind_required", () -> automations.createAutomation(orgId, spaceId, blank, null));
    refuses(401, "unauthorized", () -> new MeApi(clientOf("nonsense")).getMe());
    refuses(
        403,
        "service_account_cannot_approve",
        () -> new ReviewApi(aiStaff).approveAutomation(orgId, spaceId, id, null, null, null));
    refuses(404, "automation_not_found", () -> automations.getAutomation(orgId, spaceId, UUID.randomUUID()));
    refuses(409, "automation_not_active", () -> runs.runAutomation(orgId, spaceId, id, null, null, new RunInput()));
    System.out.println(checks + " checks");
  }

  private static void pages(AutomationsApi automations, UUID orgId, UUID spaceId) throws ApiException {
    for (String name : List.of("Second", "Third")) {
      ScheduledConfig config = new ScheduledConfig().every("PT6H");
      config.putAdditionalProperty("team", "kept");
      Automation created =
          automations.createAutomation(orgId, spaceId, scheduled(name, config), null).getAutomation();
      Object team = created.getScheduledAutomation().getConfig().getAdditionalProperty("team");
      check("a key that the kind does not know is kept", "kept".equals(team));
    }
    List<String> names = new ArrayList<>();
    String cursor = null;
    do {
      var page = automations.listAutomations(orgId, spaceId, null, null, 2, cursor, null, null);
      page.getAutomations().forEach(each -> names.add(baseOf(each).getName()));
      cursor = page.getNextCursor();
    } while (cursor != null);
    check("all pages, in order", names.equals(List.of("Third", "Second", "Weekly digest")));
  }
}
