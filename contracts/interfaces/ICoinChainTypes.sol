// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Types and events of `ICoinChain`
interface ICoinChainTypes {
    // ------------------------------------------------------------------------------------------------------ Types

    /// @notice Parameters of the coin chain. Durations are in seconds, bonds and the bounty are in wei.
    /// @param operator The account that submits blocks
    /// @param exitPeriod The time from the start of an exit until it can be claimed; half of it is available to answer
    /// a challenge of its history, and half of it after each answer to challenge again
    /// @param rotationDelay The notice before a change of operators, at least one exit period
    /// @param exitBond The bond of an exit, lost if the exit is refuted
    /// @param challengeBond The bond of a history challenge, lost if the challenge is answered: a quarter, rounded
    /// down, pays the account that answers, the rest joins the bond of the exit. A challenger that pays it delays an
    /// exit by half of the exit period or, if answered at the last moment, by all of it; one that answers its own
    /// challenge loses three quarters
    /// @param bounty The part of the exit bond that pays the account that claims for the owner
    struct Config {
        address operator;
        uint40 exitPeriod;
        uint40 rotationDelay;
        uint96 exitBond;
        uint96 challengeBond;
        uint96 bounty;
    }

    /// @notice Kind of value in a coin.
    enum Kind {
        /// @dev Ether.
        Ether,
        /// @dev An amount of an ERC-20 token.
        Erc20,
        /// @dev One ERC-721 token.
        Erc721
    }

    /// @notice The record of a deposit. The contract stores its hash `keccak256(abi.encode(...))`.
    /// @param owner The depositor
    /// @param kind The kind of value
    /// @param token The token, zero for ether
    /// @param value The amount in wei or token units, or the id of the ERC-721 token
    /// @param birth The first block that may transfer the coin; transfers in earlier blocks are ignored
    struct Coin {
        address owner;
        Kind kind;
        address token;
        uint256 value;
        uint40 birth;
    }

    /// @notice A transfer of a coin with its proof of inclusion in a block.
    /// @dev The block contains, at the coin, the transfer and its signature:
    /// `keccak256(0x02 | 0x01 | coin(8) | prevBlock(5) | newOwner(20) | expiry(5) | r(32) | vs(32))`.
    /// The contract packs the fields itself, so that a transfer has only one encoding.
    /// @param number The number of the block
    /// @param prevBlock The block of the transfer that it spends; zero for the deposit
    /// @param newOwner The new owner, never zero
    /// @param expiry The last block that may include the transfer
    /// @param time The time at which the block was submitted
    /// @param r The `r` of the signature in the block (EIP-2098); where a call requires the owner's signature, no other
    /// signature counts
    /// @param vs The `vs` of the signature in the block
    /// @param siblings The siblings from the root down
    struct Shown {
        uint40 number;
        uint40 prevBlock;
        address newOwner;
        uint40 expiry;
        uint256 time;
        bytes32 r;
        bytes32 vs;
        bytes32[] siblings;
    }

    /// @notice An exit, identified by coin and block, because a block contains one transfer of a coin; block zero means
    /// the deposit.
    /// @param owner The account that gets the coin; zero if the exit does not exist
    /// @param exitableAt The time after which the exit can be claimed, unless a challenge is open; answers may defer it
    /// @param birth The `birth` of the coin
    /// @param challenges The number of open challenges of its history
    /// @param prevOwner The signer of the transfer
    /// @param prevBlock The block of the transfer before it, zero for the deposit
    /// @param nonce The number of times that this exit was started; each challenge belongs to one start
    /// @param answered The number of answered challenges of this start, or the last one; three quarters of their bonds
    /// are paid with the exit's bond
    struct Exit {
        address owner;
        uint40 exitableAt;
        uint32 birth;
        uint24 challenges;
        address prevOwner;
        uint32 prevBlock;
        uint40 nonce;
        uint24 answered;
    }

    /// @notice A challenge of a history: the coin belonged to `owner` by block `number`, and the owner has not spent
    /// that transfer in the history that leads to this exit.
    /// @param challenger The account that put up the bond
    /// @param number The block of the earlier transfer, zero for the deposit
    /// @param owner The account that received the coin in that transfer
    struct Challenge {
        address challenger;
        uint40 number;
        address owner;
    }

    /// @notice An exit to be paid by `finalizeExits`.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    /// @param record The record of the coin's deposit
    struct ExitClaim {
        uint64 coin;
        uint40 number;
        Coin record;
    }

    /// @notice Reason for refuting an exit.
    enum Reason {
        /// @dev The owner of the exit has spent the coin.
        Spent,
        /// @dev The signer of the exiting transfer had already spent the coin.
        DoubleSpent,
        /// @dev A challenge of the history was not answered.
        HistoryInvented
    }

    // ----------------------------------------------------------------------------------------------------- Events

    /// @notice Emitted when a deposit creates a coin.
    /// @param coin The coin
    /// @param owner The depositor
    /// @param kind The kind of value
    /// @param token The token, zero for ether
    /// @param value The amount in wei or token units, or the id of the ERC-721 token
    /// @param birth The first block that may transfer the coin
    event CoinDeposited(
        uint64 indexed coin, address indexed owner, Kind kind, address token, uint256 value, uint256 birth
    );
    /// @notice Emitted when a block is submitted.
    /// @param number The number of the block
    /// @param root The root of the block
    /// @param time The time of the submission
    event BlockSubmitted(uint256 indexed number, bytes32 root, uint256 time);
    /// @notice Emitted when an exit is started.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    /// @param owner The owner
    /// @param exitableAt The time after which the exit can be claimed
    event ExitStarted(uint64 indexed coin, uint256 indexed number, address indexed owner, uint256 exitableAt);
    /// @notice Emitted when an exit is cancelled by its owner.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    event ExitCancelled(uint64 indexed coin, uint256 indexed number);
    /// @notice Emitted when an exit is refuted. Its bond, with the bonds that had joined it, is paid to the challenger.
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    /// @param challenger The account that was paid
    /// @param reason The reason
    event ExitRefuted(uint64 indexed coin, uint256 indexed number, address indexed challenger, Reason reason);
    /// @notice Emitted when the history of an exit is challenged.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param challenge The challenge
    /// @param nonce The nonce of the exit
    event ChallengedBefore(uint64 indexed coin, uint256 indexed number, Challenge challenge, uint256 nonce);
    /// @notice Emitted when a challenge is answered by a transfer. The rest of its bond joins the bond of the exit.
    /// @dev Contains the complete transfer, whichever call it came in, so that an account from which it was hidden can
    /// challenge with it.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param challenge The id of the challenge, see `ICoinChain.challengeId`
    /// @param exitableAt The time after which the exit can now be claimed
    /// @param spend The transfer
    event ChallengeBeforeResponded(
        uint64 indexed coin, uint256 indexed number, bytes32 challenge, uint256 exitableAt, Shown spend
    );
    /// @notice Emitted when a challenge is voided after its exit ended, and its bond is returned.
    /// @param coin The coin
    /// @param number The block of the exiting transfer
    /// @param challenge The challenge
    /// @param nonce The nonce of the exit
    event ChallengeVoided(uint64 indexed coin, uint256 indexed number, Challenge challenge, uint256 nonce);
    /// @notice Emitted when a coin is paid, or its value is deferred (see `PayoutDeferred`).
    /// @param coin The coin
    /// @param number The block of the exiting transfer, zero for the deposit
    /// @param owner The owner of the exit
    event Claimed(uint64 indexed coin, uint256 indexed number, address indexed owner);
    /// @notice Emitted when a push of money fails and the amount waits for `withdrawPending`.
    /// @param account The receiver
    /// @param token The token, zero for ether
    /// @param amount The amount in wei or token units
    event PayoutDeferred(address indexed account, address indexed token, uint256 amount);
    /// @notice Emitted when a push of an ERC-721 token fails and the token waits for `withdrawPendingNft`.
    /// @param account The receiver
    /// @param token The token
    /// @param id The id of the ERC-721 token
    event NftPayoutDeferred(address indexed account, address indexed token, uint256 id);
    /// @notice Emitted when the next operator is named.
    /// @param next The next operator; zero for none
    /// @param time The time from which it may take over
    event OperatorProposed(address indexed next, uint256 time);
    /// @notice Emitted when an operator takes over.
    /// @param operator The new operator
    event OperatorChanged(address indexed operator);
}
