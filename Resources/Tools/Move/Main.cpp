// SPDX-License-Identifier: GPL-3.0-or-later
#include "Framework/Common/Logging.h"
#include "PostgreSQL/PostgreSQLDatabase.h"
#include "PostgreSQL/ServerLock.h"
#include "Resources/Tools/Move/ConsoleReport.h"
#include "Resources/Tools/Move/MoveOptions.h"
#include "Resources/Tools/Move/Mover.h"
#include "Resources/Tools/Move/PostgreSQLTarget.h"
#include "Resources/Tools/Move/SQLiteTarget.h"
#include "Resources/Tools/Move/SourceChecks.h"

#include <iostream>

namespace OrthancRegistry::Move
{
  namespace
  {
    constexpr int MOVED = 0;
    constexpr int FAILED = 1;
    constexpr int WRONG_USAGE = 2;
    constexpr int DIFFERENT = 3;

    constexpr size_t BATCH_BYTES = 16 * 1024 * 1024;

    void Log(LogLevel level, const std::string& message)
    {
      if (level != LogLevel::Info)
      {
        std::cerr << message << std::endl;
      }
    }

    void CheckSource(const SourceIndex& source, const MoveOptions& options)
    {
      SourceChecks::CheckResources(source);
      if (options.server.empty() && SourceChecks::HasServerProperties(source))
      {
        throw RegistryError(
            ErrorCode::BadRequest,
            "The old index holds modalities, peers or settings of plugins, which a shared database "
            "keeps for each server: set the option \"DatabaseServerIdentifier\" of Orthanc to a name "
            "of your choice, for good, or give it by --server");
      }
      const auto jobs = SourceChecks::GetUnfinishedJobs(source);
      if (jobs.empty() || options.dropsJobs)
      {
        return;
      }
      for (const std::string& job : jobs)
      {
        std::cerr << "  " << job << std::endl;
      }
      throw RegistryError(
          ErrorCode::BadSequenceOfCalls,
          std::to_string(jobs.size()) +
              " jobs had not ended when Orthanc was stopped, and jobs are not moved: start it again, "
              "wait until they have ended, and stop it; or give them up with --drop-jobs");
    }

    void PrintCounts(const SourceIndex& source)
    {
      for (const CopyStep& step : GetCopySteps(source.GetSchema()))
      {
        std::cout << step.name << ": " << source.QueryInteger(step.count) << std::endl;
      }
    }

    int RunMove(const SourceIndex& source, const MoveOptions& options, ITarget& target)
    {
      ConsoleReport report(std::cout);
      if (!Mover(source, target, options.server, {options.batchRows, BATCH_BYTES}, report).Run())
      {
        std::cerr << "The new database is not equal to the old index: Orthanc will not open it. Make a new "
                     "one, and "
                     "keep using the old index."
                  << std::endl;
        return DIFFERENT;
      }
      std::cout << "All has been moved. Orthanc can be started on the new database." << std::endl;
      return MOVED;
    }

    int MoveToPostgreSQL(const SourceIndex& source, const MoveOptions& options,
                         const PostgreSQLParameters& parameters)
    {
      PostgreSQLDatabase database(parameters);
      CheckSchemaExists(database, parameters.schema);
      PostgreSQLTarget target(database);
      return RunMove(source, options, target);
    }

    int MoveToSQLite(const SourceIndex& source, const MoveOptions& options,
                     const SQLiteParameters& parameters)
    {
      std::error_code error; // if this fails, opening the file says why
      if (std::filesystem::equivalent(source.GetPath(), parameters.path, error))
      {
        throw RegistryError(ErrorCode::BadRequest, "The old index and the new one must be two files");
      }
      std::cout << "To: " << std::filesystem::absolute(parameters.path).string() << std::endl;
      std::filesystem::create_directories(std::filesystem::absolute(parameters.path).parent_path(), error);
      SQLiteDatabase database(parameters);
      SQLiteTarget target(database);
      return RunMove(source, options, target);
    }

    int Run(const MoveOptions& options)
    {
      SetLogSink(&Log);
      LogWarnings(options.warnings);
      const SourceIndex source(options.source);
      std::cout << "From: " << source.GetPath().string() << std::endl;
      CheckSource(source, options);
      if (options.onlyChecks)
      {
        PrintCounts(source);
        return MOVED;
      }
      const auto* const server = std::get_if<PostgreSQLParameters>(&options.target);
      return server != nullptr ? MoveToPostgreSQL(source, options, *server)
                               : MoveToSQLite(source, options, std::get<SQLiteParameters>(options.target));
    }
  }
}

int main(int argc, char** argv)
{
  using namespace OrthancRegistry;
  try
  {
    const auto options = Move::MoveOptions::Parse(argc, argv);
    if (!options)
    {
      std::cout << Move::MoveOptions::GetHelp();
      return Move::MOVED;
    }
    return Move::Run(*options);
  }
  catch (const RegistryError& error)
  {
    std::cerr << "orthanc-registry-move: " << error.what() << std::endl;
    return error.GetCode() == ErrorCode::BadRequest ? Move::WRONG_USAGE : Move::FAILED;
  }
  catch (const std::exception& error)
  {
    std::cerr << "orthanc-registry-move: " << error.what() << std::endl;
    return Move::FAILED;
  }
}
