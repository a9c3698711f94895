// Starts the page: theme first, then every part.

Report.theme = {
  start() {
    const wanted = window.matchMedia('(prefers-color-scheme: dark)');
    document.documentElement.dataset.theme = wanted.matches ? 'dark' : 'light';
    document.getElementById('theme').addEventListener('click', () => {
      document.documentElement.dataset.theme = Report.palette.dark() ? 'light' : 'dark';
      Report.change({});
    });
  },
};

Report.theme.start();
Report.summary();
Report.clipPanel.start();
Report.scatter.start();
Report.insightCards.start();
Report.confusion.start();
Report.quarantine();
