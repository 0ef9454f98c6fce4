//! A journey on the sandbox's Journey Builder page, and the hands of a marketer on it.

use serde_json::{Value, json};
use waypost::sandbox::journey_builder::{CanvasTemplate, Design, DesignEntry};
use waypost::sandbox::{Column, ColumnType};

use crate::chromium::Browser;
use crate::support::{TestApp, phone_of};

/// The entry source's columns: two Phone fields, and a name that no expression can have.
const COLUMNS: [(&str, ColumnType); 5] = [
    ("SubscriberKey", ColumnType::Text),
    ("FirstName", ColumnType::Text),
    ("Last Name", ColumnType::Text),
    ("MobilePhone", ColumnType::Phone),
    ("HomePhone", ColumnType::Phone),
];

/// A marketer's action on a step's form, in the words of the page's conventions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Do {
    /// Fills the control of an in-argument.
    Set(&'static str, &'static str),
    /// Chooses a merge field for the control, by the field's name.
    Merge(&'static str, &'static str),
    /// Presses *Add* of these rows.
    Add(&'static str),
    /// Turns a switch.
    Turn(&'static str),
    /// Writes how many contacts are expected.
    Audience(&'static str),
}

/// A column as an entry source has it.
pub(crate) fn column((name, kind): (&str, ColumnType)) -> Column {
    match kind {
        ColumnType::Text => Column::text(name, 100),
        kind => Column::new(name, kind),
    }
}

/// The entry source with these contacts: key and first name.
pub(crate) fn audience(contacts: &[(&str, &str)]) -> DesignEntry {
    let row = |(key, name): &(&str, &str)| {
        let values = [("SubscriberKey", (*key).to_owned()), ("FirstName", (*name).to_owned())];
        let phones = [("MobilePhone", phone_of(key)), ("Last Name", "Lee".to_owned())];
        values.into_iter().chain(phones).map(|(column, value)| (column.to_owned(), value)).collect()
    };
    DesignEntry::rows(COLUMNS.into_iter().map(column).collect(), contacts.iter().map(row).collect())
}

/// A designed journey, and the browser that looks at it. Its calls are in the frame of whatever is open.
pub(crate) struct JourneyPage<'a> {
    pub(crate) browser: &'a Browser,
    pub(crate) app: &'a TestApp,
    pub(crate) id: String,
}

impl<'a> JourneyPage<'a> {
    /// A journey of one message, its page open.
    pub(crate) async fn of_message(browser: &'a Browser, app: &'a TestApp) -> Self {
        let design = Design::new("Spring sale", app.tenant.mid, &app.url("")).entry(audience(&[("C-1", "Ann")]));
        Self::of(browser, app, design).await
    }

    /// A journey of a message, a wait of `wait_secs`, the report and a split, its page open.
    pub(crate) async fn with_report(
        browser: &'a Browser,
        app: &'a TestApp,
        entry: DesignEntry,
        wait_secs: u64,
    ) -> Self {
        let design =
            Design::new("Spring sale", app.tenant.mid, &app.url("")).template(CanvasTemplate::MessageWaitReport);
        Self::of(browser, app, Design { wait_secs: Some(wait_secs), ..design.entry(entry) }).await
    }

    pub(crate) async fn of(browser: &'a Browser, app: &'a TestApp, design: Design) -> Self {
        let id = app.sfmc().design_journey(design).await.unwrap();
        let page = Self { browser, app, id };
        page.load("").await;
        page
    }

    /// Loads the journey's page with query parameters of the sandbox.
    pub(crate) async fn load(&self, query: &str) {
        let url = format!("{}?{query}", self.app.sfmc().designed_url(&self.id));
        self.browser.client.goto(&url).await.unwrap();
        self.browser.wait_for_element("#canvas button").await;
    }

    /// The activity as Journey Builder has stored it.
    pub(crate) fn stored(&self, key: &str) -> Value {
        self.app.sfmc().designed(&self.id).unwrap().activity(key).clone()
    }

    /// Its in-arguments in their order.
    pub(crate) fn arguments(&self, key: &str) -> Vec<(String, String)> {
        arguments(&self.stored(key))
    }

    /// The expression of an entry field.
    pub(crate) fn event(&self, field: &str) -> String {
        let event = self.app.sfmc().designed(&self.id).unwrap().event_definition_key.unwrap();
        format!("{{{{Event.{event}.{field}}}}}")
    }

    /// Opens an activity, and goes into its page without waiting for anything there.
    pub(crate) async fn open_frame(&self, key: &str) {
        self.top().await;
        self.click(&format!("#activity-{key}")).await;
        self.enter("#modal iframe").await;
    }

    /// Opens an activity, and waits until its first step can be filled.
    pub(crate) async fn open(&self, key: &str) {
        self.open_frame(key).await;
        self.usable().await;
    }

    /// Goes into a frame of the page.
    pub(crate) async fn enter(&self, css: &str) {
        self.top().await;
        self.browser.wait_for_element(css).await.enter_frame().await.unwrap();
        // The frame begins with an empty document.
        self.browser
            .wait_for(
                "the frame's page",
                "return location.href.includes('/activities/') && document.readyState !== 'loading'",
            )
            .await;
    }

    /// Back into the page of the open activity.
    pub(crate) async fn inside(&self) {
        self.enter("#modal iframe").await;
    }

    /// To Journey Builder's own page.
    pub(crate) async fn top(&self) {
        // From a frame that is gone there is no way but to the window itself.
        let window = self.browser.client.window().await.unwrap();
        self.browser.client.switch_to_window(window).await.unwrap();
    }

    /// Waits until a step stands there and nothing is being rendered.
    pub(crate) async fn usable(&self) {
        self.browser
            .wait_for(
                "a step that can be filled",
                "return document.querySelector('#loading')?.hidden && document.querySelector('#stage #step') !== null \
                 && document.querySelector('#stage').getAttribute('aria-busy') !== 'true'",
            )
            .await;
    }

    pub(crate) async fn usable_step(&self, step: &str) {
        let script = format!("return document.querySelector('#stage #step')?.dataset.step === {}", json!(step));
        self.browser.wait_for(&format!("the step {step}"), &script).await;
        self.usable().await;
    }

    /// A real click, as soon as the element can take one.
    pub(crate) async fn click(&self, css: &str) {
        let script = format!(
            "const element = document.querySelector({}); return element !== null && !element.disabled && element.checkVisibility()",
            json!(css)
        );
        self.browser.wait_for(&format!("{css} to be there for a click"), &script).await;
        self.browser.wait_for_element(css).await.click().await.unwrap();
    }

    /// Presses Next, and waits for the step that it leads to.
    pub(crate) async fn next(&self, step: &str) {
        self.press("#modal-next").await;
        self.usable_step(step).await;
    }

    pub(crate) async fn back(&self, step: &str) {
        self.press("#modal-back").await;
        self.usable_step(step).await;
    }

    /// Presses a button of the modal, and comes back into the page.
    pub(crate) async fn press(&self, css: &str) {
        self.top().await;
        self.click(css).await;
        self.inside().await;
    }

    /// Presses Next where the page must refuse: waits for its `ready`, which lets the button be pressed again.
    pub(crate) async fn next_refused(&self) {
        let before = self.heard("ready").await;
        self.press("#modal-next").await;
        self.top().await;
        let script = format!(
            "return document.querySelectorAll('#wire [data-direction=in][data-event=ready]').length > {before} \
             && !document.querySelector('#modal-next').disabled"
        );
        self.browser.wait_for("the page to refuse", &script).await;
        self.inside().await;
    }

    /// Presses Done, and waits until Journey Builder has the activity.
    pub(crate) async fn done(&self) {
        self.top().await;
        self.click("#modal-next").await;
        self.browser
            .wait_for(
                "the modal to close",
                "return !document.querySelector('#modal').open && document.querySelector('#canvas button') !== null",
            )
            .await;
    }

    /// How often the page has sent this event; goes to Journey Builder's own page.
    pub(crate) async fn heard(&self, event: &str) -> u64 {
        self.top().await;
        let css = format!("#wire [data-direction=in][data-event={event}]");
        let count = self.browser.run("return document.querySelectorAll(arguments[0]).length", vec![json!(css)]).await;
        count.as_u64().unwrap()
    }

    /// Does what a marketer does.
    pub(crate) async fn act(&self, actions: &[Do]) {
        for action in actions {
            match *action {
                Do::Set(name, value) => self.set(name, value).await,
                Do::Merge(name, field) => self.merge(name, field).await,
                Do::Add(rows) => self.add(rows).await,
                Do::Turn(switch) => self.turn(switch).await,
                Do::Audience(count) => self.fill("#step [data-audience]", count).await,
            }
        }
    }

    /// Fills the control of an in-argument.
    pub(crate) async fn set(&self, name: &str, value: &str) {
        self.fill(&format!("#step [name={}]", json!(name)), value).await;
    }

    async fn fill(&self, css: &str, value: &str) {
        let script = format!("const [css, value] = [{}, {}];\n{FILL}", json!(css), json!(value));
        let done = self.browser.wait_for(&format!("{css} to be filled"), &script).await;
        assert_eq!(done, "filled", "{css} := {value}");
        self.usable().await;
    }

    /// Presses *Add* of rows, and waits for one more.
    pub(crate) async fn add(&self, rows: &str) {
        let css = format!("[data-rows={rows:?}] > [data-row]");
        let count = format!("return document.querySelectorAll({}).length", json!(css));
        let before = self.browser.run(&count, Vec::new()).await.as_u64().unwrap();
        // Not by the mouse: notes that appear meanwhile move the button away between the driver's look and its click.
        let press = "const button = document.querySelector(arguments[0]); button.focus(); button.click()";
        self.browser.run(press, vec![json!(format!("[data-add={rows:?}]"))]).await;
        self.browser.wait_for("one more row", &format!("{count} > {before}")).await;
        self.usable().await;
    }

    async fn turn(&self, switch: &str) {
        let state = format!("return document.querySelector('#f-{switch}')?.getAttribute('aria-checked')");
        let before = self.browser.wait_for("the switch", &state).await;
        // It may be folded away.
        let open = format!("document.querySelector('#f-{switch}').closest('details')?.setAttribute('open', '')");
        self.browser.run(&open, Vec::new()).await;
        self.click(&format!("#f-{switch}")).await;
        self.browser.wait_for("the switch to turn", &format!("{state} !== {before}")).await;
        self.usable().await;
    }

    /// Chooses a merge field of the picker with the mouse.
    pub(crate) async fn merge(&self, name: &str, field: &str) {
        self.click(&format!("[data-merge={name:?}]")).await;
        let script = format!(
            "const option = [...document.querySelectorAll('[role=option][data-insert]')].find((option) => \
             option.checkVisibility() && option.textContent.trim().startsWith({})); option?.click(); return option !== undefined",
            json!(field)
        );
        self.browser.wait_for(&format!("the merge field {field}"), &script).await;
    }

    /// What a control says.
    pub(crate) async fn value(&self, name: &str) -> String {
        let css = format!("#step [name={}]", json!(name));
        let script = format!("return document.querySelector({})?.value ?? null", json!(css));
        self.browser.wait_for(&format!("{css} to be there"), &script).await.as_str().unwrap().to_owned()
    }

    /// What all controls of the step say, in their order.
    pub(crate) async fn controls(&self) -> Vec<(String, String)> {
        let said = self.browser.run(CONTROLS, Vec::new()).await;
        serde_json::from_value(said).unwrap()
    }

    /// The sentence beside a field, once it is shown.
    pub(crate) async fn problem(&self, name: &str) -> String {
        let script = format!(
            "const place = document.getElementById('p-' + {}); return place && !place.hidden && place.textContent.trim() || null",
            json!(name)
        );
        self.browser.wait_for(&format!("a problem beside {name}"), &script).await.as_str().unwrap().to_owned()
    }

    /// Waits for a sentence with these words beside a field.
    pub(crate) async fn problem_with(&self, name: &str, words: &str) {
        let script = format!(
            "const place = document.getElementById('p-' + {}); return place && !place.hidden && place.textContent.includes({})",
            json!(name),
            json!(words)
        );
        self.browser.wait_for(&format!("{words} beside {name}"), &script).await;
    }

    /// Waits until no problem stands beside a field.
    pub(crate) async fn no_problem(&self, name: &str) {
        let script = format!("return document.getElementById('p-' + {})?.hidden === true", json!(name));
        self.browser.wait_for(&format!("no problem beside {name}"), &script).await;
    }

    /// Waits for a text anywhere in the frame.
    pub(crate) async fn says(&self, text: &str) {
        let script = format!("return document.body.innerText.includes({})", json!(text));
        self.browser.wait_for(&format!("the words {text}"), &script).await;
    }

    /// All words of the frame.
    pub(crate) async fn words(&self) -> String {
        self.browser.run("return document.body.innerText", Vec::new()).await.as_str().unwrap().to_owned()
    }

    /// Pictures for people: of the window, and of the step in its whole length where somebody wants to look.
    pub(crate) async fn picture(&self, name: &str) {
        self.browser.run("document.activeElement?.blur(); scrollTo(0, 0)", Vec::new()).await;
        self.browser.screenshot(name).await;
        if std::env::var_os("WAYPOST_SCREENSHOTS").is_none() {
            return;
        }
        self.top().await;
        let (width, height) = self.browser.client.get_window_size().await.unwrap();
        let stretch = "const modal = document.querySelector('#modal'); const height = modal.style.height; \
                       modal.style.height = arguments[0] ?? '96vh'; modal.style.maxHeight = 'none'; return height";
        let old = self.browser.run(stretch, Vec::new()).await;
        self.inside().await;
        let content = self.browser.run("return document.documentElement.scrollHeight", Vec::new()).await;
        let tall = u32::try_from(content.as_u64().unwrap().min(6_000)).unwrap() * 105 / 100 + 320;
        self.browser.client.set_window_size(u32::try_from(width).unwrap(), tall.max(960)).await.unwrap();
        self.browser.run("scrollTo(0, 0)", Vec::new()).await;
        self.browser.screenshot(&format!("{name}-whole")).await;
        self.top().await;
        self.browser
            .client
            .set_window_size(u32::try_from(width).unwrap(), u32::try_from(height).unwrap())
            .await
            .unwrap();
        self.browser.run(stretch, vec![old]).await;
        self.inside().await;
    }

    /// Presses one of the journey's own buttons, and waits for what it says.
    pub(crate) async fn action(&self, id: &str, said: &str) {
        self.top().await;
        self.click(&format!("#{id}")).await;
        let script = format!("return document.querySelector('#done').textContent.includes({})", json!(said));
        self.browser.wait_for(&format!("{id}: {said}"), &script).await;
    }
}

/// The in-arguments of a stored activity in their order.
pub(crate) fn arguments(activity: &Value) -> Vec<(String, String)> {
    let rows =
        activity.pointer("/arguments/execute/inArguments").and_then(Value::as_array).cloned().unwrap_or_default();
    let pairs = rows.iter().flat_map(|row| row.as_object().unwrap());
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// The value of one of them.
pub(crate) fn argument<'a>(arguments: &'a [(String, String)], name: &str) -> Option<&'a str> {
    arguments.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

/// Fills the control `css` with `value` as hands do: focus, input, change, blur. Null while there is none.
const FILL: &str = "
const control = document.querySelector(css);
if (!control) return null;
for (let fold = control.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
if (control.disabled) return 'it is disabled';
if (control.type === 'radio') {
  const wanted = [...document.querySelectorAll(css)].find((one) => one.value === value);
  if (!wanted) return 'no such choice';
  if (!wanted.checked) wanted.click();
  return 'filled';
}
if (control.type === 'checkbox') {
  if (control.checked !== (value === 'true')) control.click();
  return 'filled';
}
control.focus();
if (control.value !== value) {
  control.value = value;
  if (control.value !== value) return 'it takes only ' + [...control.options ?? []].map((option) => option.value).join(', ');
  control.dispatchEvent(new Event('input', { bubbles: true }));
  control.dispatchEvent(new Event('change', { bubbles: true }));
}
control.blur();
return 'filled';";

/// Every named control of the step with what it says; of radio buttons the chosen one.
const CONTROLS: &str = "
const controls = [...document.querySelectorAll('#step [name], #step [data-audience]')];
return controls.filter((control) => control.type !== 'radio' || control.checked)
  .map((control) => [control.name || 'audience', control.type === 'checkbox' ? String(control.checked) : control.value]);";
