//! Work that the helper asks for before it takes a request, done without a word while it is short.

use checkout_types::problem::Problem;

use super::Shop;
use crate::api::delay;
use crate::draft::now;
use crate::proof::Search;

/// After so many pieces of work in a row that were not enough, the problem is shown.
const MOST_CHALLENGES: usize = 2;
/// The page works on between slices: a frame takes 16 ms.
const SLICE_MS: i64 = 10;
/// Of one slice, should the clock be set back in it.
const MOST_STEPS: u32 = 200;
/// After so long the buyer reads what is going on.
const SILENT_MS: i64 = 500;

impl Shop {
    /// The answer to a request. Where the helper asked for work first, it is done and the same
    /// request sent again with its proof, as long as the answer is `wanted`.
    pub async fn proven<T>(
        self,
        mut answer: Result<T, Problem>,
        wanted: &dyn Fn() -> bool,
        send: impl AsyncFn(&str) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        for _ in 0..MOST_CHALLENGES {
            let Err(problem) = &answer else { break };
            let Some(proof) = self.solve(problem, wanted).await else { break };
            answer = send(&proof).await;
        }
        answer
    }

    /// `None` if nothing is to be solved, if it is too much, or once nobody waits for it.
    async fn solve(self, problem: &Problem, wanted: &dyn Fn() -> bool) -> Option<String> {
        let mut search = Search::new(problem.challenge.as_ref()?)?;
        let begun = now();
        let proof = loop {
            let slice = now();
            let found = (0..MOST_STEPS).take_while(|_| now() - slice < SLICE_MS).find_map(|_| search.step());
            if found.is_some() {
                break found;
            }
            if now() - begun > SILENT_MS {
                self.tell_of_work(true);
            }
            delay(0).await;
            if !wanted() {
                break None;
            }
        };
        self.tell_of_work(false);
        proof
    }

    fn tell_of_work(self, working: bool) {
        if self.is_live() && self.peek().proving != working {
            self.change(|state| state.proving = working);
        }
    }
}
