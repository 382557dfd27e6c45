"""Datasets: their steps, columns and times, on a real server."""

import datetime
import unittest

from azureml.core import Dataset, Experiment, Model, ScriptRunConfig
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.resource_configuration import ResourceConfiguration
from azureml.data import OutputFileDatasetConfig
from azureml.data._columns import PartitionFormat
from azureml.data.datapath import DataPath, DataPathComputeBinding
from azureml.data.dataset_factory import DataType
from azureml.data.dataset_type_definitions import PromoteHeadersBehavior
from azureml.exceptions import UserErrorException

from .server import OnAServer
from .test_runs import own_python

try:
    import pandas
except ImportError:
    pandas = None
try:
    import pyarrow
except ImportError:
    pyarrow = None


class Names(unittest.TestCase):
    def test_of_partitions_are_read_from_the_end_of_paths(self):
        format = PartitionFormat("/{country}/{date:yyyy/MM/dd}/data.csv")
        self.assertEqual(format.keys, ["country", "date"])
        self.assertEqual(
            format.values("deep/below/nl/2020/02/03/data.csv"), {"country": "nl", "date": datetime.datetime(2020, 2, 3)}
        )
        with self.assertRaises(UserErrorException):
            format.values("nl/2020/data.csv")
        with self.assertRaises(UserErrorException):
            PartitionFormat("/data.csv")

    def test_of_data_packages_are_not_pinned_to_the_sdk(self):
        made = CondaDependencies.create(pip_packages=["azureml-sdk", "azureml-dataprep[pandas,fuse]"])
        self.assertIn("azureml-dataprep[pandas,fuse]", list(made.pip_packages))
        self.assertNotIn("azureml-sdk", list(made.pip_packages))

    def test_of_conditions_have_no_value_of_their_own(self):
        table = Dataset.Tabular.from_delimited_files("https://example.com/x.csv")
        with self.assertRaises(UserErrorException):
            bool(table["x"] > 1)
        with self.assertRaises(UserErrorException):
            table.filter(True)


class Files(OnAServer):
    def test_are_taken_skipped_and_split(self):
        for name in "abcdef":
            self.write("parts/{}/data.txt".format(name), name)
        store = self.ws.get_default_datastore()
        store.upload("parts", "parts", show_progress=False)
        files = Dataset.File.from_files((store, "parts/**"))
        every = files.to_path()
        self.assertEqual(len(every), 6)
        self.assertEqual(files.take(2).to_path() + files.skip(2).to_path(), every)
        one, other = files.random_split(0.5, seed=3)
        self.assertEqual(sorted(one.to_path() + other.to_path()), every)
        self.assertEqual(files.random_split(0.5, seed=3)[0].to_path(), one.to_path())
        kept = files.take(2).register(self.ws, "two-files")
        again = Dataset.get_by_name(self.ws, "two-files")
        self.assertEqual(again.to_path(), every[:2])
        self.assertEqual(len(again.download("two")), 2)
        self.assertEqual(kept.version, 1)
        with self.assertRaises(UserErrorException):
            files.take(-1)
        with self.assertRaises(UserErrorException):
            files.random_split(1.5)

    def test_of_a_folder_are_sent_by_a_pattern(self):
        self.write("mixed/x.csv", "x\n")
        self.write("mixed/deep/y.csv", "y\n")
        self.write("mixed/z.txt", "z\n")
        store = self.ws.get_default_datastore()
        sent = Dataset.File.upload_directory("mixed", (store, "mixed"), pattern="**/*.csv", show_progress=False)
        self.assertEqual(sorted(sent.to_path()), ["/deep/y.csv", "/x.csv"])

    def test_that_a_run_writes_are_registered_when_it_has_completed(self):
        self.write("writing/write.py", "import os, sys\nopen(os.path.join(sys.argv[1], 'said.csv'), 'w').write('a,b\\n1,2\\n')\nsys.exit(int(sys.argv[2]))\n")
        store = self.ws.get_default_datastore()
        output = OutputFileDatasetConfig(name="said", destination=(store, "said/{run-id}/{output-name}"))
        registered = output.read_delimited_files().register_on_complete("said", description="what it said", tags={"by": "a run"})
        experiment = Experiment(self.ws, "writing")

        def submitted(value, code):
            run = experiment.submit(ScriptRunConfig("writing", "write.py", arguments=[value, code], environment=own_python("own")))
            return run, run.wait_for_completion(raise_on_error=False)

        run, details = submitted(registered.as_mount(), 0)
        made = Dataset.get_by_name(self.ws, "said")
        self.assertEqual((made.version, made.description, made.tags), (1, "what it said", {"by": "a run"}))
        self.assertEqual(made._definition["kind"], "tabular")
        self.assertEqual(made._paths(), [{"datastore": store.name, "path": "said/{}/said".format(run.id)}])
        self.assertEqual(details["outputDatasets"][0]["identifier"]["savedId"], made.id)
        self.assertEqual(submitted(registered.as_upload(), 1)[1]["status"], "Failed")
        self.assertEqual(Dataset.get_by_name(self.ws, "said").version, 1)
        run, _ = submitted(OutputFileDatasetConfig("plain").register_on_complete("plain"), 0)
        self.assertEqual(Dataset.get_by_name(self.ws, "plain").to_path(), ["/said.csv"])
        self.assertEqual(Dataset.get_by_name(self.ws, "plain")._paths()[0]["path"], "dataset/{}/plain".format(run.id))
        with self.assertRaises(UserErrorException):
            submitted(OutputFileDatasetConfig("nameless").register_on_complete(""), 0)

    def test_of_a_path_are_bound_to_a_computer(self):
        store = self.ws.get_default_datastore()
        made = DataPath(store, "in").create_data_reference("ref", DataPathComputeBinding(mode="download", overwrite=True))
        self.assertEqual((made.mode, made.path_on_datastore, made.overwrite), ("download", "in", True))

    def test_that_a_run_writes_need_no_folder_before(self):
        from azureml.core import ScriptRunConfig

        self.write("out-src/train.py", "")
        output = OutputFileDatasetConfig(name="out", destination=(self.ws.get_default_datastore(), "not/there")).as_mount()
        submission = ScriptRunConfig("out-src", "train.py", [output])._submission(self.ws, "e")
        self.assertEqual(submission.configuration["dataReferences"]["out"]["mode"], "upload")


class Facts(OnAServer):
    def test_of_a_model_are_its_datasets_and_resources(self):
        self.write("in.csv", "x\n1\n")
        self.write("model.pkl", "m")
        store = self.ws.get_default_datastore()
        store.upload_files(["in.csv"], target_path="facts", show_progress=False)
        table = Dataset.Tabular.from_delimited_files((store, "facts/in.csv"))
        registered = table.register(self.ws, "facts-in")
        model = Model.register(
            self.ws,
            "model.pkl",
            "with-facts",
            properties={"mine": "1"},
            datasets=[("training data", registered)],
            sample_input_dataset=table,
            resource_configuration=ResourceConfiguration(cpu=1, memory_in_gb=0.5),
        )
        Model.register(self.ws, "model.pkl", "without-facts")
        found = Model(self.ws, "with-facts")
        self.assertEqual(found.properties, {"mine": "1"})
        self.assertEqual([one.name for one in found.datasets["training data"]], ["facts-in"])
        self.assertEqual(found.sample_input_dataset._paths(), table._paths())
        self.assertIsNone(found.sample_output_dataset)
        self.assertEqual((found.resource_configuration.cpu, found.resource_configuration.memory_in_gb), (1, 0.5))
        self.assertEqual([one.id for one in Model.list(self.ws, dataset_id=registered.id)], [model.id])
        model.add_dataset_references([("validation", registered)])
        self.assertEqual(sorted(Model(self.ws, "with-facts").datasets), ["training data", "validation"])
        model.update(resource_configuration=ResourceConfiguration(cpu=2))
        self.assertEqual(Model(self.ws, "with-facts").resource_configuration.cpu, 2)
        with self.assertRaises(UserErrorException):
            Model.register(self.ws, "model.pkl", "bad", datasets=[registered])


@unittest.skipIf(pandas is None, "needs pandas")
class Tables(OnAServer):
    def table(self, name, text, **options):
        self.write(name, text)
        store = self.ws.get_default_datastore()
        store.upload_files([name], target_path="tables", overwrite=True, show_progress=False)
        return Dataset.Tabular.from_delimited_files((store, "tables/" + name), **options)

    @unittest.skipIf(pyarrow is None, "needs pyarrow")
    def test_are_laid_out_in_folders_of_their_values(self):
        table = self.table("sales.csv", "country,year,sold\nnl,2019,1\nnl,2020,2\nde,2020,3\nnl,2020,4\n")
        target = DataPath(self.ws.get_default_datastore(), "sales/by-year")
        made = table.partition_by(["country", "year"], target, name="sales-by-year", show_progress=False)
        self.assertEqual((made.name, made.partition_keys), ("sales-by-year", ["country", "year"]))
        again = Dataset.get_by_name(self.ws, "sales-by-year")
        self.assertEqual(
            sorted(map(tuple, again.to_pandas_dataframe()[["country", "year", "sold"]].values.tolist())),
            [("de", "2020", 3), ("nl", "2019", 1), ("nl", "2020", 2), ("nl", "2020", 4)],
        )
        self.assertEqual(len(again.get_partition_key_values(["country"])), 2)
        with self.assertRaises(UserErrorException) as raised:
            table.partition_by(["country"], target)
        self.assertIn("holds files already", raised.exception.message)
        for wrong in (["absent"], [], ["country", "year", "sold"]):
            with self.assertRaises(UserErrorException):
                table.partition_by(wrong, DataPath(self.ws.get_default_datastore(), "other"))
        files = table.partition_by(["year"], (self.ws.get_default_datastore(), "sales/files"), show_progress=False, partition_as_file_dataset=True)
        self.assertEqual(sorted(files.to_path()), ["/2019/part-00000.parquet", "/2020/part-00000.parquet"])

    def test_have_columns_of_types(self):
        text = "day;code;half;yes\n2020-01-02;007;1,5;true\n2020-02-03;008;;false\n"
        types = {"code": DataType.to_string(), "half": DataType.to_float(decimal_mark=","), "yes": DataType.to_bool()}
        frame = self.table("types.csv", text, separator=";", set_column_types=types).to_pandas_dataframe()
        self.assertEqual(list(frame["code"]), ["007", "008"])
        self.assertEqual(frame["half"][0], 1.5)
        self.assertTrue(pandas.isnull(frame["half"][1]))
        self.assertEqual(list(frame["yes"]), [True, False])
        self.assertEqual(frame["day"][1], pandas.Timestamp(2020, 2, 3))
        plain = self.table("types.csv", text, separator=";", infer_column_types=False).to_pandas_dataframe()
        self.assertEqual(list(plain["day"]), ["2020-01-02", "2020-02-03"])
        with self.assertRaises(UserErrorException):
            self.table("types.csv", text, set_column_types={"code": "string"})

    def test_of_lines_have_one_column(self):
        lines = self.table("lines.txt", '{"a": [1, 2]}\n{"a": [3]}\n', separator="\n", header=PromoteHeadersBehavior.NO_HEADERS)
        frame = lines.to_pandas_dataframe()
        self.assertEqual(list(frame["Column1"]), ['{"a": [1, 2]}', '{"a": [3]}'])

    def test_are_filtered_and_split(self):
        table = self.table("rows.csv", "x,w\n" + "".join("{},{}\n".format(n, "ab"[n % 2]) for n in range(50)))
        chosen = table.filter((table["x"] >= 10) & ~(table["w"] == "a")).to_pandas_dataframe()
        self.assertEqual(list(chosen["x"]), list(range(11, 50, 2)))
        self.assertEqual(list(table[["x"]].take(2).to_pandas_dataframe().columns), ["x"])
        one, other = table.random_split(percentage=0.8, seed=1)
        rows = list(one.to_pandas_dataframe()["x"]) + list(other.to_pandas_dataframe()["x"])
        self.assertEqual(sorted(rows), list(range(50)))
        self.assertGreater(len(one.to_pandas_dataframe()), len(other.to_pandas_dataframe()))
        registered = one.register(self.ws, "split")
        self.assertEqual(len(Dataset.get_by_name(self.ws, "split").to_pandas_dataframe()), len(one.to_pandas_dataframe()))
        self.assertEqual(registered.version, 1)
        self.assertEqual(len(one.to_csv_files().download("csv")), 1)
        with self.assertRaises(UserErrorException):
            table.keep_columns("absent").to_pandas_dataframe()

    def test_are_chosen_by_time_and_partition(self):
        for year in (2018, 2019):
            rows = "".join("{}-01-{:02}T00:00:00Z,{}\n".format(year, day, day) for day in range(1, 11))
            self.write("series/{}/01/data.csv".format(year), "when,t\n" + rows)
        store = self.ws.get_default_datastore()
        store.upload("series", "series", show_progress=False)
        table = Dataset.Tabular.from_delimited_files((store, "series/*/*/data.csv"), partition_format="/{month:yyyy/MM}/data.csv")
        with self.assertRaises(UserErrorException):
            table.time_before(datetime.datetime(2019, 1, 1))
        table = table.with_timestamp_columns(timestamp="when", partition_timestamp="month", validate=True).register(self.ws, "series")
        table = Dataset.get_by_name(self.ws, "series")
        self.assertEqual((table.timestamp_columns, table.partition_keys), (("when", "month"), ["month"]))
        self.assertEqual(len(table.time_before(datetime.datetime(2018, 1, 3)).to_pandas_dataframe()), 3)
        self.assertEqual(len(table.time_after(datetime.datetime(2019, 1, 9), include_boundary=False).to_pandas_dataframe()), 1)
        between = table.time_between(datetime.datetime(2018, 1, 9), datetime.datetime(2019, 1, 2)).to_pandas_dataframe()
        self.assertEqual(list(between["t"]), [9, 10, 1, 2])
        self.assertEqual(len(table.time_recent(datetime.timedelta(days=1)).to_pandas_dataframe()), 0)
        self.assertEqual([row["month"].year for row in table.get_partition_key_values()], [2018, 2019])
        self.assertEqual(table.drop_columns("when").timestamp_columns, (None, "month"))
        self.assertEqual(list(table.drop_columns(["when", "absent"]).to_pandas_dataframe().columns), ["t", "month"])
        self.assertEqual(table.with_timestamp_columns(fine_grain_timestamp=None, coarse_grain_timestamp=None).timestamp_columns, (None, None))
        with self.assertRaises(UserErrorException):
            table.with_timestamp_columns(fine_grain_timestamp=None, coarse_grain_timestamp="month")


if __name__ == "__main__":
    unittest.main()
