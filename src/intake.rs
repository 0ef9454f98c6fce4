//! The use case of execute: verified ▶ repeated? ▶ draft ▶ message ▶ batch ▶ receipt.
//!
//! Invariants:
//!
//! * Only the keys of the tenant that a call names may verify it (`a_call_signed_by_another_tenant_is_refused`).
//! * Nothing is acknowledged before it is on disk: a success is made from a [`Receipt`] or from the stored first answer.
//! * A call repeated within 72 hours sends once and gets the first answer, also while the first still runs
//!   (`a_repeated_execute_sends_once`).

mod lifecycle;
mod repeats;
mod verify;

use std::sync::Arc;

use crate::clock::Clock;
use crate::dispatch::book::{QueueBook, QueueWish};
use crate::domain::ids::MessageId;
use crate::domain::message::{Draft, Message, Progress, QueuePolicy, QueuedMessage, Rejection, names};
use crate::domain::tenant::Tenant;
use crate::random::Random;
use crate::sfmc::activity::ExecuteCall;
use crate::store::{FirstAnswer, Receipt, Store, StoreError};
use crate::tenants::TenantBook;

pub(crate) use lifecycle::{ConfigurationToken, Lifecycle, LifecycleRefusal, Phase, check_works, configuration_of};
pub(crate) use verify::{CallError, Verified, verify_execute};

use repeats::Repeats;

/// `statusDetail` of an accepted message.
const DETAIL_OK: &str = "Ok";
/// `statusDetail` of a test-mode contact that is not sent to (spec M11).
const DETAIL_TEST: &str = "TEST";

/// What execute of the messaging activity answers: out-arguments, all text, never null.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    pub(crate) message_status: String,
    pub(crate) message_id: String,
    pub(crate) status_detail: String,
}

impl Answer {
    /// Only who holds the receipt may say that a message was accepted.
    fn accepted(_receipt: &Receipt, first: &FirstAnswer) -> Self {
        Self::repeated(first)
    }

    fn repeated(first: &FirstAnswer) -> Self {
        Self {
            message_status: first.message_status.clone(),
            message_id: first.message_id.clone(),
            status_detail: first.status_detail.clone(),
        }
    }

    fn rejected(rejection: Rejection) -> Self {
        Self {
            message_status: rejection.message_status().to_owned(),
            message_id: String::new(),
            status_detail: Rejection::STATUS_DETAIL.to_owned(),
        }
    }

    fn test() -> Self {
        Self {
            message_status: Rejection::success().to_owned(),
            message_id: String::new(),
            status_detail: DETAIL_TEST.to_owned(),
        }
    }
}

/// See the module's documentation.
pub(crate) struct Intake {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    tenants: TenantBook,
    book: Arc<QueueBook>,
    repeats: Repeats,
}

impl Intake {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        tenants: TenantBook,
        book: Arc<QueueBook>,
    ) -> Self {
        Self { store, clock, random, tenants, book, repeats: Repeats::default() }
    }

    pub(crate) fn tenants(&self) -> &TenantBook {
        &self.tenants
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Takes one contact. Once begun it must be let run to its end: see [`QueueBook::settled`].
    pub(crate) async fn accept(&self, call: Verified<ExecuteCall>) -> Result<Answer, StoreError> {
        let (tenant, call) = call.into_parts();
        let instance = call.definition_instance_id.as_ref().filter(|instance| instance.is_real());
        let Some(instance) = instance else { return self.accept_first(&tenant, &call).await };
        let _one_at_a_time = self.repeats.enter((tenant.mid, instance.clone(), call.activity_id.clone())).await;
        let first = self.store.answers().get(tenant.mid, instance, &call.activity_id, self.clock.now())?;
        match first {
            // When its sync has failed, a first answer can be read and is not on disk.
            Some(_) if !self.store.is_open() => Err(StoreError::Closed),
            Some(first) => Ok(Answer::repeated(&first)),
            None => self.accept_first(&tenant, &call).await,
        }
    }

    async fn accept_first(&self, tenant: &Tenant, call: &ExecuteCall) -> Result<Answer, StoreError> {
        let draft = Draft {
            arguments: &call.arguments,
            mid: tenant.mid,
            activity_id: &call.activity_id,
            journey_id: call.journey_id.as_ref(),
            key_value: &call.key_value,
            accounts: &tenant.accounts,
            default_country: tenant.country(),
        };
        // A soft error is not pinned: the contact may come again with its field repaired (spec M11).
        let (message, policy) = match draft.validate() {
            Ok(valid) => valid,
            Err(rejection) => return Ok(Answer::rejected(rejection)),
        };
        if call.arguments.flag(names::IS_TEST) && !tenant.send_in_test_mode {
            return Ok(Answer::test());
        }
        self.queue(tenant, call, message, policy).await
    }

    async fn queue(
        &self,
        tenant: &Tenant,
        call: &ExecuteCall,
        message: Message,
        policy: QueuePolicy,
    ) -> Result<Answer, StoreError> {
        let wish = QueueWish {
            mid: tenant.mid,
            activity_id: &call.activity_id,
            journey_id: call.journey_id.as_ref(),
            channel: message.channel,
            account: &message.account,
            policy,
            configuration: call
                .arguments
                .get(names::CONFIGURATION_ID)
                .and_then(|text| configuration_of(tenant.mid, text)),
        };
        let queue = self.book.queue(wish).await?;
        let sequence = queue.give_sequence();
        let id = MessageId::new(queue.id, sequence, self.random.number());
        let result = self.commit(tenant, call, message, id).await;
        self.book.settled(&queue, sequence);
        result
    }

    async fn commit(
        &self,
        tenant: &Tenant,
        call: &ExecuteCall,
        message: Message,
        id: MessageId,
    ) -> Result<Answer, StoreError> {
        let now = self.clock.now();
        let first = FirstAnswer {
            message_id: id.to_string(),
            message_status: Rejection::success().to_owned(),
            status_detail: DETAIL_OK.to_owned(),
            at: now,
        };
        let queued = QueuedMessage { id, message, accepted_at: now, progress: Progress::default() };
        let mut batch = self.store.batch();
        batch.put_waiting(tenant.mid, &queued)?;
        if let Some(instance) = &call.definition_instance_id {
            batch.put_answer(tenant.mid, instance, &call.activity_id, &first)?;
        }
        let receipt = self.store.commit(batch).await?;
        Ok(Answer::accepted(&receipt, &first))
    }
}
