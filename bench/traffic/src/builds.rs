//! Programs that work for somebody and behave: builds, cargo, git, jobs in CI,
//! feed readers, services that keep dependencies up to date.

use std::sync::Arc;

use super::address;
use super::cast::Cast;
use super::dice::Dice;
use super::programs::{BUILDS, CARGOS, CI_JOBS, FEED_READERS, GIT, UPDATE_SERVICES};
use super::registry;
use super::site::Crate;
use super::software::Software;
use super::walker::{Pace, Walker};
use super::{Class, Hosted};

/// From one look at a feed to the next, in milliseconds.
const FEED_MS: u64 = 300_000;

impl Cast<'_> {
    /// Up to twenty questions, as fast as they are answered, from one of a few
    /// addresses that all jobs share.
    pub(super) fn ci_jobs(&mut self) {
        for number in 0..self.scenario.ci_jobs {
            let (_, mut dice) = self.next();
            let questions = dice.between(1, 20) as usize;
            let paths = self.choose(questions, &mut dice, |cast, krate| match cast.scenario.site {
                Hosted::DocsRs => krate.about("latest", "/status.json"),
                Hosted::CratesIo => registry::look_up(krate),
            });
            let software = &CI_JOBS[dice.below(CI_JOBS.len())];
            let mut job = self.job(Class::CiJob, software, paths, Pace::Answers, &mut dice);
            job.sender.place = address::runner(number);
            self.employ(job);
        }
    }

    /// The feed of releases every five minutes.
    pub(super) fn feed_readers(&mut self) {
        for _ in 0..self.scenario.feed_readers {
            let (_, mut dice) = self.next();
            let feed = match self.scenario.site {
                Hosted::DocsRs => "/releases/feed",
                Hosted::CratesIo => "/api/v1/summary",
            };
            let looks = 1 + u64::from(self.scenario.minutes) * 60_000 / FEED_MS;
            let paths = vec![feed.to_owned(); looks as usize];
            let software = &FEED_READERS[dice.below(FEED_READERS.len())];
            let pace = Pace::Every(FEED_MS);
            let mut reader = self.job(Class::FeedReader, software, paths, pace, &mut dice);
            reader.due = self.at_percent(0) + dice.between(0, FEED_MS);
            self.employ(reader);
        }
    }

    /// Every dependency at once: hundreds of crates' files on crates.io, a few
    /// archives of documentation on docs.rs.
    pub(super) fn builds(&mut self) {
        for _ in 0..self.scenario.builds {
            let (_, mut dice) = self.next();
            let files = match self.scenario.site {
                Hosted::DocsRs => dice.between(5, 20),
                Hosted::CratesIo => dice.between(100, 500),
            };
            let paths =
                self.choose(files as usize, &mut dice, |cast, krate| match cast.scenario.site {
                    Hosted::DocsRs => krate.about(krate.newest(), "/download"),
                    Hosted::CratesIo => registry::download(krate),
                });
            let software = &BUILDS[dice.below(BUILDS.len())];
            let build = self.job(Class::Build, software, paths, Pace::Every(20), &mut dice);
            self.employ(build);
        }
    }

    /// A search or a look at a crate or two.
    pub(super) fn cargos(&mut self) {
        for _ in 0..self.scenario.cargos {
            let (_, mut dice) = self.next();
            let questions = dice.between(1, 8) as usize;
            let is_search = dice.percent(50);
            let paths = self.choose(questions, &mut dice, |cast, krate| {
                match (cast.scenario.site, is_search) {
                    (Hosted::DocsRs, _) => krate.about("latest", ""),
                    (_, true) => format!("/api/v1/crates?q={}&per_page=10", krate.name),
                    (_, false) => registry::look_up(krate),
                }
            });
            let software = &CARGOS[dice.below(CARGOS.len())];
            let mut cargo = self.job(Class::Cargo, software, paths, Pace::About(800), &mut dice);
            cargo.waits = true;
            self.employ(cargo);
        }
    }

    /// Somebody clones what is no repository.
    pub(super) fn gits(&mut self) {
        for _ in 0..self.scenario.gits {
            let (_, mut dice) = self.next();
            let paths = self.choose(3, &mut dice, |_, krate| {
                format!("/{}/info/refs?service=git-upload-pack", krate.name)
            });
            let git = self.job(Class::Git, &GIT, paths, Pace::Every(400), &mut dice);
            self.employ(git);
        }
    }

    /// Each dependency of a project, five a second.
    pub(super) fn update_services(&mut self) {
        for _ in 0..self.scenario.update_services {
            let (_, mut dice) = self.next();
            let questions = dice.between(40, 140) as usize;
            let paths = self.choose(questions, &mut dice, |cast, krate| match cast.scenario.site {
                Hosted::DocsRs => krate.about("latest", "/status.json"),
                Hosted::CratesIo => registry::look_up(krate),
            });
            let software = &UPDATE_SERVICES[dice.below(UPDATE_SERVICES.len())];
            let pace = Pace::About(200);
            let mut service = self.job(Class::UpdateService, software, paths, pace, &mut dice);
            service.waits = true;
            self.employ(service);
        }
    }

    /// Something about so many crates, none twice, the popular ones first.
    fn choose(
        &self,
        count: usize,
        dice: &mut Dice,
        path: impl Fn(&Self, &Crate) -> String,
    ) -> Vec<String> {
        let site = Arc::clone(&self.site);
        let mut paths: Vec<String> = Vec::with_capacity(count);
        // Enough throws for the largest build.
        for _ in 0..count * 20 {
            let path = path(self, site.at(site.read(dice)));
            if paths.len() < count && !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }

    /// A program that goes through `paths` once, at some time of the scenario.
    fn job(
        &mut self,
        class: Class,
        software: &'static Software,
        paths: Vec<String>,
        pace: Pace,
        dice: &mut Dice,
    ) -> Walker {
        let due = dice.between(self.at_percent(1), self.at_percent(90));
        self.walker(class, software, Box::new(paths.into_iter()), pace, due)
    }
}
