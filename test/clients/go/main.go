// A client that oapi-codegen made, against a real server.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/google/uuid"
	"github.com/oapi-codegen/nullable"
	openapi_types "github.com/oapi-codegen/runtime/types"
	"hyperspeed.local/sdk"
)

var (
	ctx    = context.Background()
	url    = os.Getenv("HS_URL")
	checks = 0
)

// check ends the program where something is not as the contract says.
func check(what string, isSo bool) {
	if !isSo {
		log.Fatalf("not so: %s", what)
	}
	checks++
}

// must takes a value that comes with an error.
func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// given is the body that an answer has where it is as wanted.
func given[T any](what string, body *T) *T {
	check(what, body != nil)
	return body
}

func pointer[T any](value T) *T { return &value }

func clientOf(token string) *hyperspeed.ClientWithResponses {
	authorize := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	return must(hyperspeed.NewClientWithResponses(url, hyperspeed.WithRequestEditorFn(authorize)))
}

// scheduled is a new automation that runs by the clock.
func scheduled(name string, config hyperspeed.ScheduledConfig) hyperspeed.AutomationCreate {
	var body hyperspeed.AutomationCreate
	err := body.FromScheduledAutomationCreate(hyperspeed.ScheduledAutomationCreate{Name: name, Config: &config})
	check("a union takes what it is of", err == nil)
	return body
}

func main() {
	// Who asks, and where
	anonymous := must(hyperspeed.NewClientWithResponses(url))
	email := uuid.NewString() + "@example.com"
	session := given("a session", must(anonymous.RegisterWithResponse(ctx, nil, hyperspeed.RegisterRequest{
		Email: email, Password: "correct horse battery staple", OrganizationName: pointer("Go"),
	})).JSON201)
	person := clientOf(session.AccessToken)
	me := given("the caller", must(person.GetMeWithResponse(ctx)).JSON200)
	check("the caller is who registered", me.Email.MustGet() == email && me.ServiceAccount.IsNull())
	orgId := given("organizations", must(person.ListOrganizationsWithResponse(ctx)).JSON200).Organizations[0].Id
	space := given("a space", must(person.CreateSpaceWithResponse(ctx, orgId, nil, hyperspeed.SpaceCreate{Name: "Marketing"})).JSON201)
	role := given("a role", must(person.CreateRoleWithResponse(ctx, orgId, nil, hyperspeed.RoleCreate{
		Name: "AI staff", Permissions: []hyperspeed.Permission{hyperspeed.PermissionFilesRead, hyperspeed.PermissionFilesWrite},
	})).JSON201)
	account := given("AI staff", must(person.CreateServiceAccountWithResponse(ctx, orgId, nil, hyperspeed.ServiceAccountCreate{
		Name: "Drafting assistant", RoleIds: &[]openapi_types.UUID{role.Role.Id},
	})).JSON201)
	aiStaff := clientOf(account.Token)
	spaceId := space.Id

	// AI staff proposes, a person approves what it saw and runs it
	// docs: begin
	proposal := scheduled("Weekly digest", hyperspeed.ScheduledConfig{Cron: pointer("0 9 * * MON"), Channel: pointer("general")})
	proposed, err := aiStaff.CreateAutomationWithResponse(ctx, orgId, spaceId, nil, proposal)
	if err != nil || proposed.JSON201 == nil {
		log.Fatal(err, string(proposed.Body))
	}
	automation := proposed.JSON201.Automation
	seen := hyperspeed.Approval{Digest: &automation.Digest}
	must(person.ApproveAutomationWithResponse(ctx, orgId, spaceId, automation.Id, nil, seen))
	wait := hyperspeed.RunAutomationParams{Prefer: pointer("wait=20")}
	ran := must(person.RunAutomationWithResponse(ctx, orgId, spaceId, automation.Id, &wait, hyperspeed.RunInput{})).JSON200
	fmt.Println(ran.Run.Status)
	// docs: end
	id := automation.Id
	check("it waits for approval", automation.Status == hyperspeed.AutomationStatusPendingApproval)
	check("it ran", ran.Run.Status == hyperspeed.RunStatusSucceeded && ran.Run.Trigger == hyperspeed.RunTriggerManual)
	found := given("the automation", must(person.GetAutomationWithResponse(ctx, orgId, spaceId, id)).JSON200).Automation
	check("it is active", found.Status == hyperspeed.AutomationStatusActive && found.ApprovedDigest.MustGet() == found.Digest)
	check("what is not there is null", found.PendingRevision.IsNull() && found.Rejection.IsNull())
	byKind, isScheduled := must(found.ValueByDiscriminator()).(hyperspeed.ScheduledAutomation)
	check("the kind tells the config", isScheduled && *byKind.Config.Cron == "0 9 * * MON")

	// Runs
	runs := given("runs", must(person.ListRunsWithResponse(ctx, orgId, spaceId, id, nil)).JSON200)
	check("the run is listed", len(runs.Runs) == 1 && runs.Runs[0].Id == ran.Run.Id && runs.NextCursor.IsNull())
	run := given("a run by its id", must(person.GetRunWithResponse(ctx, orgId, spaceId, id, ran.Run.Id)).JSON200)
	check("it succeeded", run.Run.Success.MustGet())

	pages(person, orgId, spaceId)
	paused := given("a change", must(person.UpdateAutomationWithResponse(ctx, orgId, spaceId, id, nil, hyperspeed.AutomationUpdate{
		Status: pointer(hyperspeed.AutomationUpdateStatusPaused), Description: nullable.NewNullNullable[string](),
	})).JSON200)
	check("it is paused", paused.Automation.Status == hyperspeed.AutomationStatusPaused)
	refusals(person, aiStaff, orgId, spaceId, id)
	fmt.Printf("%d checks\n", checks)
}

func pages(person *hyperspeed.ClientWithResponses, orgId, spaceId openapi_types.UUID) {
	for _, name := range []string{"Second", "Third"} {
		config := hyperspeed.ScheduledConfig{Every: pointer("PT6H")}
		config.Set("team", "kept")
		created := given("created", must(person.CreateAutomationWithResponse(ctx, orgId, spaceId, nil, scheduled(name, config))).JSON201)
		stored := must(created.Automation.AsScheduledAutomation())
		team, _ := stored.Config.Get("team")
		check("a key that the kind does not know is kept", team == "kept")
	}
	names := ""
	for params := (hyperspeed.ListAutomationsParams{Limit: pointer[int32](2)}); ; {
		page := given("a page", must(person.ListAutomationsWithResponse(ctx, orgId, spaceId, &params)).JSON200)
		for _, each := range page.Automations {
			names += each.Name + ","
		}
		cursor, err := page.NextCursor.Get()
		if err != nil {
			break
		}
		params.Cursor = &cursor
	}
	check("all pages, in order", names == "Third,Second,Weekly digest,")
}

// refusals meets what goes wrong, by its code.
func refusals(person, aiStaff *hyperspeed.ClientWithResponses, orgId, spaceId, id openapi_types.UUID) {
	refuses := func(code string, refusal *hyperspeed.Error) {
		check(code, refusal != nil && refusal.Code == code)
	}
	var blank hyperspeed.AutomationCreate
	check("a webhook", blank.FromWebhookAutomationCreate(hyperspeed.WebhookAutomationCreate{Name: " "}) == nil)
	refuses("name_and_kind_required", must(person.CreateAutomationWithResponse(ctx, orgId, spaceId, nil, blank)).JSON400)
	refuses("unauthorized", must(clientOf("nonsense").GetMeWithResponse(ctx)).JSON401)
	refuses("service_account_cannot_approve", must(aiStaff.ApproveAutomationWithResponse(ctx, orgId, spaceId, id, nil, hyperspeed.Approval{})).JSON403)
	refuses("automation_not_found", must(person.GetAutomationWithResponse(ctx, orgId, spaceId, uuid.New())).JSON404)
	refuses("automation_not_active", must(person.RunAutomationWithResponse(ctx, orgId, spaceId, id, nil, hyperspeed.RunInput{})).JSON409)
}
