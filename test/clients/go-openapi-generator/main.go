// A client that openapi-generator made, against a real server.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net/http"
	"os"

	hyperspeed "github.com/GIT_USER_ID/GIT_REPO_ID"
)

var (
	ctx    = context.Background()
	checks = 0
)

// check ends the program where something is not as the contract says.
func check(what string, isSo bool) {
	if !isSo {
		log.Fatalf("not so: %s", what)
	}
	checks++
}

// must takes a value that comes with its answer and an error.
func must[T any](value T, _ *http.Response, err error) T {
	if refusal, isRefusal := err.(*hyperspeed.GenericOpenAPIError); isRefusal {
		log.Fatalf("%v: %s", err, refusal.Body())
	}
	check(fmt.Sprint(err), err == nil)
	return value
}

func clientOf(token string) *hyperspeed.APIClient {
	configuration := hyperspeed.NewConfiguration()
	configuration.Servers = hyperspeed.ServerConfigurations{{URL: os.Getenv("HS_URL")}}
	if token != "" {
		configuration.AddDefaultHeader("Authorization", "Bearer "+token)
	}
	return hyperspeed.NewAPIClient(configuration)
}

// scheduled is a new automation that runs by the clock.
func scheduled(name string, config *hyperspeed.ScheduledConfig) hyperspeed.AutomationCreate {
	body := hyperspeed.NewScheduledAutomationCreate(name, "scheduled")
	body.Config = config
	return hyperspeed.ScheduledAutomationCreateAsAutomationCreate(body)
}

func main() {
	// Who asks, and where
	registration := hyperspeed.NewRegisterRequest(rand.Text()+"@example.com", "correct horse battery staple")
	registration.SetOrganizationName("Go")
	session := must(clientOf("").AuthAPI.Register(ctx).RegisterRequest(*registration).Execute())
	person := clientOf(session.AccessToken)
	me := must(person.MeAPI.GetMe(ctx).Execute())
	check("the caller is who registered", me.Email.Get() != nil && !me.ServiceAccount.IsSet() || me.ServiceAccount.Get() == nil)
	orgId := must(person.OrganizationsAPI.ListOrganizations(ctx).Execute()).Organizations[0].Id
	space := must(person.SpacesAPI.CreateSpace(ctx, orgId).SpaceCreate(*hyperspeed.NewSpaceCreate("Marketing")).Execute())

	// docs: begin
	config := hyperspeed.NewScheduledConfig()
	config.SetCron("0 9 * * MON")
	config.SetChannel("general")
	create := person.AutomationsAPI.CreateAutomation(ctx, orgId, space.Id)
	proposed := must(create.AutomationCreate(scheduled("Weekly digest", config)).Execute()).Automation.ScheduledAutomation
	update := person.AutomationsAPI.UpdateAutomation(ctx, orgId, space.Id, proposed.Id)
	must(update.AutomationUpdate(hyperspeed.AutomationUpdate{Status: hyperspeed.PtrString("active")}).Execute())
	run := person.RunsAPI.RunAutomation(ctx, orgId, space.Id, proposed.Id).RunInput(*hyperspeed.NewRunInput())
	ran := must(run.Prefer("wait=20").Execute()).Run
	fmt.Println(ran.Status)
	// docs: end
	check("it is a draft", proposed.Status == hyperspeed.DRAFT && proposed.Config.GetCron() == "0 9 * * MON")
	check("it ran", ran.Status == hyperspeed.SUCCEEDED && ran.Trigger == "manual")
	listed := must(person.AutomationsAPI.ListAutomations(ctx, orgId, space.Id).Kind(hyperspeed.SCHEDULED).Execute())
	check("it is listed", len(listed.Automations) == 1 && listed.Automations[0].ScheduledAutomation.Id == proposed.Id)
	_, answer, err := person.AutomationsAPI.GetAutomation(ctx, orgId, space.Id, space.Id).Execute()
	check("an unknown one is told by its status", err != nil && answer.StatusCode == 404)
	fmt.Printf("%d checks\n", checks)
}
