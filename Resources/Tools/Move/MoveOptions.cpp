// SPDX-License-Identifier: GPL-3.0-or-later
#include "Resources/Tools/Move/MoveOptions.h"

#include "Framework/Common/Configuration.h"
#include "PostgreSQL/PostgreSQLConfiguration.h"
#include "Resources/Tools/Move/ConfigurationFiles.h"
#include "SQLite/SQLiteConfiguration.h"

#include <charconv>

#include <getopt.h>

namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr size_t MAXIMUM_BATCH = 1000000;

    enum Option
    {
      HELP = 'h',
      CONFIGURATION = 'c',
      SOURCE = 's',
      TARGET_URI = 1000,
      TARGET_SCHEMA,
      TARGET_SQLITE,
      SERVER,
      BATCH,
      DROP_JOBS,
      CHECK
    };

    constexpr option LONG_OPTIONS[] = {{"help", no_argument, nullptr, HELP},
                                       {"configuration", required_argument, nullptr, CONFIGURATION},
                                       {"source", required_argument, nullptr, SOURCE},
                                       {"target-uri", required_argument, nullptr, TARGET_URI},
                                       {"target-schema", required_argument, nullptr, TARGET_SCHEMA},
                                       {"target-sqlite", required_argument, nullptr, TARGET_SQLITE},
                                       {"server", required_argument, nullptr, SERVER},
                                       {"batch", required_argument, nullptr, BATCH},
                                       {"drop-jobs", no_argument, nullptr, DROP_JOBS},
                                       {"check", no_argument, nullptr, CHECK},
                                       {nullptr, 0, nullptr, 0}};

    struct Arguments
    {
      std::string configuration;
      std::string source;
      std::string targetUri;
      std::string targetSchema;
      std::string targetSqlite;
      std::string server;
      MoveOptions options; // those that need no configuration
      bool isHelp = false;
    };

    [[noreturn]] void Refuse(const std::string& reason)
    {
      throw RegistryError(ErrorCode::BadRequest, reason + " (see --help)");
    }

    size_t ParseBatch(std::string_view text)
    {
      size_t value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > MAXIMUM_BATCH)
      {
        Refuse("--batch must be a number of rows from 1 to " + std::to_string(MAXIMUM_BATCH));
      }
      return value;
    }

    void Apply(Arguments& arguments, int option)
    {
      switch (option)
      {
      case HELP:
        arguments.isHelp = true;
        break;
      case CONFIGURATION:
        arguments.configuration = optarg;
        break;
      case SOURCE:
        arguments.source = optarg;
        break;
      case TARGET_URI:
        arguments.targetUri = optarg;
        break;
      case TARGET_SCHEMA:
        arguments.targetSchema = optarg;
        break;
      case TARGET_SQLITE:
        arguments.targetSqlite = optarg;
        break;
      case SERVER:
        arguments.server = optarg;
        break;
      case BATCH:
        arguments.options.batchRows = ParseBatch(optarg);
        break;
      case DROP_JOBS:
        arguments.options.dropsJobs = true;
        break;
      case CHECK:
        arguments.options.onlyChecks = true;
        break;
      default:
        Refuse("The command line is wrong");
      }
    }

    Arguments ReadArguments(int argc, char** argv)
    {
      Arguments arguments;
      optind = 1;
      int option = 0;
      while ((option = getopt_long(argc, argv, "hc:s:", LONG_OPTIONS, nullptr)) != -1)
      {
        Apply(arguments, option);
      }
      if (optind != argc)
      {
        Refuse(std::string("\"") + argv[optind] + "\" is not expected");
      }
      if (!arguments.targetUri.empty() && !arguments.targetSqlite.empty())
      {
        Refuse("Only one of --target-uri and --target-sqlite can be given");
      }
      return arguments;
    }

    std::filesystem::path GetSource(const Arguments& arguments, const Json::Value& configuration)
    {
      if (!arguments.source.empty())
      {
        return arguments.source;
      }
      if (arguments.configuration.empty())
      {
        Refuse("Either --source or --configuration is needed");
      }
      ConfigurationSection core("Orthanc", configuration);
      const std::string storage = core.GetString("StorageDirectory", "OrthancStorage");
      const std::filesystem::path folder = core.GetString("IndexDirectory", storage);
      // As the core does it, from the folder of the configuration
      const std::filesystem::path path = arguments.configuration;
      return (std::filesystem::is_directory(path) ? path : path.parent_path()) / folder;
    }

    PostgreSQLParameters GetUriTarget(const Arguments& arguments)
    {
      PostgreSQLParameters parameters = PostgreSQLParameters::FromUri(arguments.targetUri);
      if (parameters.Find("password") != nullptr)
      {
        Refuse(
            "Other users can see a password on the command line: take it out of --target-uri, and give it by "
            "--configuration, in the file that PGPASSFILE names, or in the variable PGPASSWORD");
      }
      if (!arguments.targetSchema.empty())
      {
        CheckSchemaName(arguments.targetSchema);
        parameters.schema = arguments.targetSchema;
      }
      return parameters;
    }

    void SetConfiguredTarget(MoveOptions& options, const Json::Value& configuration)
    {
      const auto postgresql = PostgreSQLConfiguration::Read(configuration);
      const auto sqlite = SQLiteConfiguration::Read(configuration);
      if (postgresql.isIndexEnabled == sqlite.isIndexEnabled)
      {
        Refuse(
            "The configuration must enable one of the sections \"PostgreSQL\" and \"SQLite\" by its option "
            "\"EnableIndex\", or --target-uri or --target-sqlite must be given");
      }
      if (postgresql.isIndexEnabled)
      {
        options.target = postgresql.parameters;
        options.warnings = postgresql.warnings;
      }
      else
      {
        options.target = sqlite.parameters;
        options.warnings = sqlite.warnings;
      }
    }
  }

  std::optional<MoveOptions> MoveOptions::Parse(int argc, char** argv)
  {
    const Arguments arguments = ReadArguments(argc, argv);
    if (arguments.isHelp)
    {
      return std::nullopt;
    }
    Json::Value configuration = Json::objectValue;
    if (!arguments.configuration.empty())
    {
      configuration = ConfigurationFiles::Read(arguments.configuration);
    }
    MoveOptions options = arguments.options;
    options.source = GetSource(arguments, configuration);
    options.server =
        arguments.server.empty()
            ? ConfigurationSection("Orthanc", configuration).GetString("DatabaseServerIdentifier", "")
            : arguments.server;
    if (!arguments.targetUri.empty())
    {
      options.target = GetUriTarget(arguments);
    }
    else if (!arguments.targetSqlite.empty())
    {
      SQLiteParameters parameters;
      parameters.path = arguments.targetSqlite;
      options.target = parameters;
    }
    else
    {
      SetConfiguredTarget(options, configuration);
    }
    return options;
  }

  const char* MoveOptions::GetHelp()
  {
    return R"(Usage: orthanc-registry-move --configuration PATH [OPTION...]
       orthanc-registry-move --source PATH --target-uri URI | --target-sqlite FILE [OPTION...]

Moves the index of an Orthanc without database plugin (the file "index" of SQLite) into an empty database of
Orthanc Registry. The DICOM files stay where they are and are not read; the old index is not changed. Orthanc must be
stopped. If this program is interrupted, run it again: it continues.

  -c, --configuration PATH  file or folder with the configuration of the Orthanc that will open the new database:
                            where the old index is, the section "PostgreSQL" or "SQLite", and
                            "DatabaseServerIdentifier" are read from it
  -s, --source PATH         the old index, or its folder, if not as in the configuration
      --target-uri URI      PostgreSQL as postgresql://user@host:port/database, if not as in the configuration. The
                            password comes from PGPASSFILE or PGPASSWORD.
      --target-schema NAME  with --target-uri: its schema (default: public)
      --target-sqlite FILE  the new file of SQLite, if not as in the configuration
      --server NAME         "DatabaseServerIdentifier", if not as in the configuration
      --check               only say what would be moved, and what stands in the way
      --drop-jobs           move although there are jobs that had not ended; they are given up
      --batch ROWS          rows per transaction (default: 10000)
  -h, --help                this text

Exit code: 0 all has been moved and compared, 1 failed or refused, 2 wrong command line, 3 the comparison has found
differences. The new database can be opened after 0 only.
)";
  }
}
